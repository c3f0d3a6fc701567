"""The plan of a study: what will be read, fitted, resampled, judged and written, as frozen data.

Making a plan reads the study file and the model texts and nothing else. No number is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from satloyal.errors import SatloyalError, SpecError, StudyError
from satloyal.positions import KeyPath
from satloyal.spec.syntax import parse
from satloyal.study.config import CurveConfig, InvarianceConfig, ModelConfig, PropositionConfig, StudyConfig
from satloyal.study.file import StudyFile, line_of, read_study, suggest
from satloyal.study.truth import sample_truth

__all__ = ["Plan", "PlannedModel", "Step", "make_plan"]

StepKind = Literal["read", "fit", "bootstrap", "invariance", "compare", "curve", "judge", "write"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a run does.

    Parameters
    ----------
    kind : {"read", "fit", "bootstrap", "invariance", "compare", "curve", "judge", "write"}
        What is done.
    name : str
        To which model, curve or file.
    text : str
        The step in words.
    size : int
        Pieces that :meth:`~satloyal.study.progress.Progress.advance` counts; 0 if the step has none.
    """

    kind: StepKind
    name: str
    text: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """One model of a study with its text and the place it came from.

    Parameters
    ----------
    name : str
        Its name in the study file.
    text : str
        The model text.
    config : ModelConfig
        How it is to be fitted.
    key : tuple
        Key path in the study file.
    path : Path, optional
        The file with the text, if it has one of its own.
    """

    name: str
    text: str
    config: ModelConfig
    key: KeyPath
    path: Path | None = None

    @property
    def title(self) -> str:
        """What the report calls it."""
        return self.config.title or self.name


@dataclass(frozen=True)
class Plan:
    """What a study will do, inspectable before anything runs.

    Parameters
    ----------
    study : StudyFile
        The study file.
    models : Mapping of str to PlannedModel
        The models in their order.
    steps : tuple of Step
        Everything that a run does, in order.
    replicates : int
        Bootstrap replicates for each model; 0 for none.
    """

    study: StudyFile
    models: Mapping[str, PlannedModel]
    steps: tuple[Step, ...]
    replicates: int

    @property
    def config(self) -> StudyConfig:
        """The configuration of the study."""
        return self.study.config

    @property
    def data_path(self) -> Path | None:
        """The survey file; none if the data are a sample."""
        name = self.config.data.file
        return None if name is None else self.study.resolve(name)

    @property
    def codebook_path(self) -> Path | None:
        """The codebook file, if there is one."""
        name = self.config.data.codebook
        return None if name is None else self.study.resolve(name)

    @property
    def truth_path(self) -> Path | None:
        """The file with the truth, if the data are simulated."""
        data = self.config.data
        if data.sample is not None:
            return sample_truth(data.sample)
        return None if data.truth is None else self.study.resolve(data.truth)

    @property
    def simulated(self) -> bool:
        """Whether the data are simulated, as far as the study says."""
        return self.truth_path is not None

    def bootstrapped(self) -> tuple[str, ...]:
        """Return the names of the models that are bootstrapped."""
        return tuple(n for n, m in self.models.items() if self.replicates and m.config.bootstrap)

    def at_model(self, model: PlannedModel, error: SatloyalError) -> StudyError:
        """Point an error about a model at the line of the file in which the user wrote the model."""
        line = line_of(error)
        if model.path is not None:
            where = f"{model.path}" + (f", line {line}" if line is not None else "")
        else:
            where = self.study.where((*model.key, "text"), text_line=line)
        return StudyError(error.message, where=where, fix=error.fix)

    def to_text(self) -> str:
        """Return the plan for reading: title, then the steps numbered."""
        lines = [self.config.title, ""]
        lines += [f"{number:>3}. {step.text}" for number, step in enumerate(self.steps, 1)]
        return "\n".join(lines)


def make_plan(study: StudyFile | str | Path, *, replicates: int | None = None) -> Plan:
    """Turn a study file into a plan.

    Parameters
    ----------
    study : StudyFile or path
        The study.
    replicates : int, optional
        Overrides the replicates of the file; 0 leaves the bootstrap out.

    Returns
    -------
    Plan
        Frozen, with the model texts read and parsed.

    Raises
    ------
    StudyError
        If the study file or a model text is wrong; the message names the line.

    Examples
    --------
    >>> from satloyal.study.samples import study_template
    >>> plan = make_plan(study_template("simulated_retail"))
    >>> [step.kind for step in plan.steps]
    ['read', 'fit', 'bootstrap', 'curve', 'judge', 'write']
    """
    if not isinstance(study, StudyFile):
        study = read_study(study)
    models = {name: _planned(study, name, config) for name, config in study.config.named_models.items()}
    asked = study.config.bootstrap.replicates if study.config.bootstrap else 0
    draft = Plan(study, MappingProxyType(models), (), asked if replicates is None else replicates)
    for model in models.values():
        try:
            parse(model.text)
        except SpecError as error:
            raise draft.at_model(model, error) from None
    for name, proposition in study.config.propositions.items():
        _check_model_of(study, name, proposition)
    _check_compared(study)
    return replace(draft, steps=tuple(_steps(draft)))


def _planned(study: StudyFile, name: str, config: ModelConfig) -> PlannedModel:
    key: KeyPath = ("model",) if study.config.model is not None else ("models", name)
    if config.text is not None:
        return PlannedModel(name, config.text, config, key)
    path = study.resolve(str(config.file))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = suggest(
            path.name, (p.name for p in _files(path.parent)), what="file there", plural="files there"
        )
        raise study.error((*key, "file"), f"there is no file {path}", fix=near) from None
    except (OSError, UnicodeDecodeError) as error:
        raise study.error((*key, "file"), f"the model file {path} cannot be read: {error}") from None
    return PlannedModel(name, text, config, key, path)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []


def _check_model_of(study: StudyFile, name: str, proposition: PropositionConfig) -> None:
    known = study.config.named_models
    if proposition.model is not None and proposition.model not in known:
        raise study.error(
            ("propositions", name, "model"),
            f"there is no model {proposition.model!r}",
            fix=suggest(proposition.model, known, what="model"),
        )
    if not known:
        raise study.error(
            ("propositions", name), "there is no model to decide this", fix="add a [model] table"
        )


def _check_compared(study: StudyFile) -> None:
    known = study.config.named_models
    for name in study.config.compared_models:
        if name not in known:
            raise study.error(
                ("compare",), f"there is no model {name!r}", fix=suggest(name, known, what="model")
            )


def _steps(plan: Plan) -> list[Step]:
    steps = [_read_step(plan)]
    boot = set(plan.bootstrapped())
    for name, model in plan.models.items():
        steps.append(Step("fit", name, f"fit the model {name!r}{_how(model.config)}"))
        if name in boot:
            steps.append(_bootstrap_step(plan, name))
        if model.config.invariance is not None:
            steps.append(_invariance_step(name, model.config.invariance))
    if compared := plan.config.compared_models:
        steps.append(
            Step("compare", ", ".join(compared), f"compare the models {', '.join(map(repr, compared))}")
        )
    steps += [_curve_step(curve) for curve in plan.config.curves]
    count = len(plan.config.propositions)
    if count:
        steps.append(Step("judge", "propositions", f"judge {count} proposition{'s' * (count > 1)}"))
    steps.append(Step("write", "outputs", f"write {', '.join(_written(plan.config))}"))
    return steps


def _read_step(plan: Plan) -> Step:
    data = plan.config.data
    if data.sample is not None:
        return Step("read", data.sample, f"read the sample {data.sample!r}")
    text = f"read {plan.data_path}"
    if data.codebook is not None:
        text += f" with the codebook {plan.codebook_path}"
    elif plan.config.codebook is not None:
        text += " with the codebook in the study file"
    return Step("read", str(data.file), text)


def _how(config: ModelConfig) -> str:
    """Return what is not the default, in the words of the file."""
    plain = ModelConfig(text="-")
    told = [f"estimator {config.estimator or ('WLSMV' if config.ordered else 'ML')}"]
    for key in type(config).model_fields:
        value = getattr(config, key)
        if key not in {"text", "file", "title", "estimator", "bootstrap", "invariance"} and value != getattr(
            plain, key
        ):
            told.append(f"{key} {', '.join(value) if isinstance(value, tuple) else value}")
    return f" ({'; '.join(told)})"


def _invariance_step(name: str, config: InvarianceConfig) -> Step:
    steps = f" ({', '.join(config.steps)})" if config.steps else ""
    return Step("invariance", name, f"test the invariance of {name!r} across {config.group}{steps}")


def _bootstrap_step(plan: Plan, name: str) -> Step:
    seed = plan.config.bootstrap.seed if plan.config.bootstrap else 1
    text = f"bootstrap {name!r}: {plan.replicates:,} replicates, seed {seed}"
    return Step("bootstrap", name, text, plan.replicates)


def _curve_step(curve: CurveConfig) -> Step:
    return Step(
        "curve",
        f"{curve.x} → {curve.y}",
        f"fit the response curve {curve.x} → {curve.y} ({', '.join(curve.shapes)}; {curve.folds} folds)",
    )


def _written(config: StudyConfig) -> list[str]:
    outputs = config.outputs
    folder = f"{outputs.dir}/" if outputs.dir else ""
    names = {
        "html": f"{outputs.name}.html",
        "markdown": f"{outputs.name}.md",
        "latex": f"{outputs.name}.tex",
        "csv": "tables/*.csv",
        "json": "results.json",
    }
    return [folder + names[form] for form in outputs.formats] + ["run.json"]
