"""The study file: what a ``study.toml`` may say.

Only shapes and types are judged here; whether names exist in the data is judged by
:mod:`satloyal.study.check`. Nothing in the file is evaluated as code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    field_validator,
    model_validator,
)

__all__ = [
    "BootstrapConfig",
    "CurveConfig",
    "DataConfig",
    "GroupsConfig",
    "InvarianceConfig",
    "ModelConfig",
    "OutputsConfig",
    "PropositionConfig",
    "StudyConfig",
]

Format = Literal["html", "csv", "json", "markdown", "latex"]
Estimator = Literal[
    "ML", "MLM", "MLMV", "MLMVS", "MLR", "MLF", "GLS", "ULS", "ULSM", "ULSMV", "ULSMVS", "WLS", "DWLS",
    "WLSM", "WLSMV", "WLSMVS",
]  # fmt: skip
InvarianceStep = Literal["configural", "thresholds", "metric", "scalar", "strict"]
Shape = Literal["linear", "quadratic", "logarithmic", "saturating", "logistic"]


def _one_or_many(value: Any) -> Any:
    """Read ``"a"`` as ``("a",)`` and a TOML list as a tuple; leave the rest to the type check."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _whole_as_float(value: Any) -> Any:
    """Read the TOML integer ``1`` as ``1.0`` where a decimal number is asked for."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _flag_or_names(value: Any) -> bool | tuple[str, ...]:
    """Read ``true``, ``false``, a name or a list of names."""
    if isinstance(value, bool):
        return value
    names = _one_or_many(value)
    if not isinstance(names, tuple) or not all(isinstance(n, str) and n for n in names):
        msg = "give true, false or a list of names"
        raise ValueError(msg)
    return names


def _flag_or_name(value: Any) -> bool | str:
    """Read ``true``, ``false`` or a name."""
    if not isinstance(value, bool | str) or value == "":
        msg = "give true, false or the name of a column"
        raise ValueError(msg)
    return value


FlagOrNames = Annotated[bool | tuple[str, ...], PlainValidator(_flag_or_names)]
FlagOrName = Annotated[bool | str, PlainValidator(_flag_or_name)]
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Decimal = Annotated[float, BeforeValidator(_whole_as_float)]
Text = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    """A table of the study file: frozen, nothing unknown allowed, nothing converted in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DataConfig(_Table):
    """``[data]``: where the answers are.

    Parameters
    ----------
    file : str, optional
        Survey file, relative to the study file.
    sample : str, optional
        Name of a sample that ships with satloyal, instead of ``file``.
    codebook : str, optional
        Codebook file, relative to the study file. A ``[codebook]`` table in the study file does as well.
    vendor : str
        Reader; ``"auto"`` looks at the file.
    sheet : str, optional
        Sheet of a workbook.
    encoding : str, optional
        Text encoding of a CSV file; otherwise detected.
    missing_codes : dict, optional
        Code → reason, for every item: ``{99 = "don't know"}``.
    truth : str, optional
        File with the known truth of simulated data, relative to the study file; a report then says that the
        data are simulated, and compares.
    """

    file: Text | None = None
    sample: Text | None = None
    codebook: Text | None = None
    vendor: Text = "auto"
    sheet: Text | None = None
    encoding: Text | None = None
    missing_codes: dict[str, str] | None = None
    truth: Text | None = None

    @model_validator(mode="after")
    def _one_source(self) -> DataConfig:
        if (self.file is None) == (self.sample is None):
            msg = "give exactly one of 'file' (your survey) and 'sample' (a sample that ships with satloyal)"
            raise ValueError(msg)
        if self.sample is not None:
            own = ("codebook", "sheet", "encoding", "missing_codes", "truth")
            told = [key for key in own if getattr(self, key) is not None]
            if told:
                msg = f"a sample brings its own codebook and codes; leave out {', '.join(map(repr, told))}"
                raise ValueError(msg)
        return self


class InvarianceConfig(_Table):
    """``[model.invariance]``: whether groups mean the same by their answers, tested step by step.

    Parameters
    ----------
    group : str
        Column whose values are the groups.
    steps : list of {"configural", "thresholds", "metric", "scalar", "strict"}
        Which steps, in this order; those that suit the items when left out.
    rule : {"chen2007", "cheung_rensvold2002", "chisq"}
        What decides.
    partial : list of str
        Parameters that stay free in every step, as ``"SAT3~1"``.
    """

    group: Text
    steps: Annotated[tuple[InvarianceStep, ...], BeforeValidator(_one_or_many)] = ()
    rule: Literal["chen2007", "cheung_rensvold2002", "chisq"] = "chen2007"
    partial: Names = ()


class ModelConfig(_Table):
    """``[model]`` or ``[models.NAME]``: one structural equation model.

    Parameters
    ----------
    text : str, optional
        The model in lavaan's language.
    file : str, optional
        A file with the model text, relative to the study file, instead of ``text``.
    title : str, optional
        What the report calls the model.
    estimator, likelihood, missing, fixed_x, std_lv, orthogonal, meanstructure, bounds, defaults
        As in :func:`satloyal.fit_sem`.
    ordered : bool or list of str
        Ordinal items: all of them (``true``), or those named.
    parameterization : {"delta", "theta"}
        What sets the scale of the latent responses of ordinal items.
    auxiliary : list of str
        Variables beside the model that help with missing answers, as in :func:`satloyal.fit_sem`.
    group : str, optional
        Column whose values form the groups of a multi-group model.
    group_equal, group_partial : list of str
        Equality across groups, as in :func:`satloyal.fit_sem`.
    cluster : str, optional
        Column of sampling clusters: standard errors and bootstrap then keep clusters together.
    weights : bool or str
        Whether the sampling weights are used, if the codebook names any; or the column of other weights.
    invariance : InvarianceConfig, optional
        Test this model's measurement across groups.
    bootstrap : bool
        Whether this model is bootstrapped; ``[bootstrap]`` says how.
    """

    text: Text | None = None
    file: Text | None = None
    title: str = ""
    estimator: Estimator | None = None
    likelihood: Literal["normal", "wishart"] = "normal"
    missing: Literal["listwise", "fiml", "fiml.x"] = "listwise"
    auxiliary: Names = ()
    ordered: FlagOrNames = False
    parameterization: Literal["delta", "theta"] = "delta"
    bounds: Literal["standard", "wide", "pos.var", "pos.ov.var", "pos.lv.var"] | None = None
    fixed_x: bool = True
    std_lv: bool = False
    orthogonal: bool = False
    meanstructure: bool | None = None
    defaults: Literal["sem", "growth", "none"] = "sem"
    group: Text | None = None
    group_equal: Names = ()
    group_partial: Names = ()
    cluster: Text | None = None
    weights: FlagOrName = True
    invariance: InvarianceConfig | None = None
    bootstrap: bool = True

    @model_validator(mode="after")
    def _one_text(self) -> ModelConfig:
        if (self.text is None) == (self.file is None):
            msg = "give exactly one of 'text' (the model itself) and 'file' (a file with the model text)"
            raise ValueError(msg)
        return self


class BootstrapConfig(_Table):
    """``[bootstrap]``: resampling of every model that does not opt out.

    Parameters
    ----------
    replicates : int
        Resamples for each model.
    seed : int
        The same seed gives the same numbers on any number of workers.
    level : float
        Confidence level of the intervals.
    """

    replicates: Annotated[int, Field(ge=50, le=1_000_000)] = 5000
    seed: Annotated[int, Field(ge=0)] = 1
    level: Annotated[Decimal, Field(gt=0.5, lt=1)] = 0.95


class CurveConfig(_Table):
    """``[[curves]]``: one response curve.

    Parameters
    ----------
    x, y : str
        Constructs (their scores are used) or columns.
    shapes : list of str
        Candidate shapes, as in :func:`satloyal.fit_curve`.
    level : float
        Confidence level of the bands.
    folds : int
        Folds of the cross-validation.
    seed : int
        Seed of the folds.
    """

    x: Text
    y: Text
    shapes: Annotated[tuple[Shape, ...], BeforeValidator(_one_or_many), Field(min_length=1)] = (
        "linear",
        "quadratic",
        "logarithmic",
        "saturating",
        "logistic",
    )
    level: Annotated[Decimal, Field(gt=0.5, lt=1)] = 0.95
    folds: Annotated[int, Field(ge=2)] = 10
    seed: Annotated[int, Field(ge=0)] = 1


class GroupsConfig(_Table):
    """``[groups]``: by which columns the construct scores are compared.

    Parameters
    ----------
    by : list of str
        Columns, each compared on its own. Without this table: the group and wave columns of the codebook.
    """

    by: Names


class PropositionConfig(_Table):
    """``[propositions.NAME]``: a claim and the effect that decides it.

    Parameters
    ----------
    claim : str
        The claim in words.
    effect : str
        A label or defined effect of the model (``quality_to_loyalty``), a path (``Loyalty ~ Satisfaction``)
        or a chain (``Quality -> Value -> Satisfaction``).
    kind : {"direct", "indirect", "total"}, optional
        For a chain of two names: the direct effect, all indirect routes, or their sum.
    direction : {"positive", "negative", "any"}
        Sign that the claim expects.
    model : str, optional
        Which model decides; the first one if left out.
    """

    claim: Text
    effect: Text
    kind: Literal["direct", "indirect", "total"] | None = None
    direction: Literal["positive", "negative", "any"] = "positive"
    model: Text | None = None


class OutputsConfig(_Table):
    """``[outputs]``: what is written, always below the folder given by ``--out``.

    Parameters
    ----------
    formats : list of {"html", "csv", "json", "markdown", "latex"}
        ``results.json`` is part of ``"json"``.
    dir : str
        Subfolder of ``--out``.
    name : str
        File name of the report without its ending.
    """

    formats: Annotated[tuple[Format, ...], BeforeValidator(_one_or_many), Field(min_length=1)] = (
        "html",
        "csv",
        "json",
    )
    dir: str = ""
    name: Annotated[str, Field(pattern=r"^[\w][\w .-]*$")] = "report"

    @field_validator("dir")
    @classmethod
    def _stay_below(cls, folder: str) -> str:
        parts = folder.replace("\\", "/").split("/")
        if ".." in parts or folder.startswith(("/", "\\", "~")) or ":" in folder:
            msg = f"{folder!r} must stay below the folder given by --out, and does not"
            raise ValueError(msg)
        return folder


class StudyConfig(_Table):
    """A whole study file.

    Parameters
    ----------
    title : str
        Title of the report.
    question : str
        The question in a sentence, printed below the title.
    data : DataConfig
        Where the answers are.
    codebook : dict, optional
        The codebook inline, written as in a codebook file.
    model : ModelConfig, optional
        The one model, named ``main``.
    models : dict of str to ModelConfig
        Several named models, in the order of the file, instead of ``model``.
    bootstrap : BootstrapConfig, optional
        Resampling; none without this table.
    compare : bool or list of str
        Compare the models (``true``), or those named, by difference tests where they are nested and by AIC
        and BIC where not.
    curves, groups, propositions, outputs
        See their tables.
    """

    title: Text
    question: str = ""
    data: DataConfig
    codebook: dict[str, Any] | None = None
    model: ModelConfig | None = None
    models: dict[str, ModelConfig] = Field(default_factory=dict)
    bootstrap: BootstrapConfig | None = None
    compare: FlagOrNames = False
    curves: Annotated[tuple[CurveConfig, ...], BeforeValidator(_one_or_many)] = ()
    groups: GroupsConfig | None = None
    propositions: dict[str, PropositionConfig] = Field(default_factory=dict)
    outputs: OutputsConfig = Field(default_factory=OutputsConfig)

    @model_validator(mode="after")
    def _fits_together(self) -> StudyConfig:
        if self.model is not None and self.models:
            msg = "give either one [model] or several [models.NAME], not both"
            raise ValueError(msg)
        if self.model is None and not self.models and not self.curves:
            msg = "there is nothing to fit: add a [model] with its text, or a [[curves]] table with x and y"
            raise ValueError(msg)
        if self.compare is not False and len(set(self.compared_models)) < 2:
            msg = "'compare' needs two models or more: add [models.NAME] tables, and name each once"
            raise ValueError(msg)
        if self.codebook is not None and (self.data.codebook or self.data.sample):
            msg = (
                "the codebook is given twice: keep either the [codebook] table or the one that [data] brings"
            )
            raise ValueError(msg)
        return self

    @property
    def named_models(self) -> dict[str, ModelConfig]:
        """All models by name, in the order of the file."""
        return {"main": self.model} if self.model is not None else dict(self.models)

    @property
    def compared_models(self) -> tuple[str, ...]:
        """Names of the models that are to be compared; empty for none."""
        if isinstance(self.compare, bool):
            return tuple(self.named_models) if self.compare else ()
        return self.compare
