"""The command line: ``satloyal demo | run | check | inspect | codebook``.

Progress and errors go to standard error, results to standard output. Exit codes: 0 done; 1 done, but with
``--strict`` a fit failed its checks; 2 bad input; 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from satloyal.errors import SatloyalError, SatloyalWarning

if TYPE_CHECKING:
    from satloyal.study.plan import Plan
    from satloyal.study.result import StudyResult

__all__ = ["app", "main"]

DONE, FAILED_CHECKS, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Defensible statements about satisfaction, trust and loyalty from customer surveys.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (study.toml).")]


def main() -> None:
    """Run the command line."""
    app()


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    if version:
        from satloyal import __version__

        typer.echo(f"satloyal {__version__}")
        raise typer.Exit(DONE)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    study: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write an editable study folder instead of running it.")
    ] = None,
    sample: Annotated[
        str | None, typer.Option(help="ecsi_mobile or simulated_retail; default: the first one that is here.")
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=0, help="Bootstrap replicates.")] = None,
    quiet: Quiet = False,
) -> None:
    """Analyse a sample survey and write its report."""
    with _guard(quiet=quiet):
        from satloyal.study.samples import demo_sample, study_template, write_study_folder

        name = demo_sample(sample)
        if study is not None:
            written = write_study_folder(name, study)
            if not quiet:
                typer.echo("\n".join(f"{path}" for path in written))
                typer.echo(f"\nEdit {written[0]}, then: satloyal run {_shell(written[0])} --out OUT")
            return
        _run(study_template(name), out, replicates=replicates, strict=False, quiet=quiet)


@app.command()
def run(
    study: StudyArgument,
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    replicates: Annotated[int | None, typer.Option(min=0, help="Override the bootstrap replicates.")] = None,
    strict: Annotated[bool, typer.Option(help="Exit with 1 if a fit fails one of its checks.")] = False,
    quiet: Quiet = False,
) -> None:
    """Run a study and write its report, tables and results."""
    with _guard(quiet=quiet):
        _run(study, out, replicates=replicates, strict=strict, quiet=quiet)


@app.command()
def check(study: StudyArgument, quiet: Quiet = False) -> None:
    """Validate a study against its data and print its plan, without fitting anything."""
    with _guard(quiet=quiet):
        from satloyal.study.check import check_plan
        from satloyal.study.plan import make_plan

        plan = make_plan(study)
        checked = check_plan(plan)
        if not quiet:
            typer.echo(plan.to_text())
            typer.echo("")
            typer.echo(checked.to_text())


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A survey file: CSV, Excel, SPSS or Stata.")],
    codebook: Annotated[Path | None, typer.Option(help="A codebook file.")] = None,
    vendor: Annotated[str, typer.Option(help="Reader; auto looks at the file.")] = "auto",
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of a CSV file.")] = None,
    labels: Annotated[Path | None, typer.Option(help="LimeSurvey's structure of the survey (.lss).")] = None,
    large: Annotated[
        bool, typer.Option("--large", help="Describe the codebook's items chunk by chunk, with progress.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Say what was detected in a survey file: reader, columns, missing answers, notes."""
    if large:
        if vendor != "auto" or sheet is not None or labels is not None:
            raise typer.BadParameter("--large takes no --vendor, --sheet or --labels", param_hint="--large")
        _describe(file, codebook, encoding, quiet=quiet)
        return
    with _guard(quiet=True):  # warnings stand in the notes that are printed
        from satloyal.study.inspect import inspection
        from satloyal.survey.readers import read_survey

        survey = read_survey(file, codebook, vendor=vendor, sheet=sheet, encoding=encoding, labels=labels)
        typer.echo(inspection(survey))


@app.command()
def codebook(
    file: Annotated[Path, typer.Argument(help="A survey file.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the draft here instead of printing it; never over a file.")
    ] = None,
    short_names: Annotated[
        bool, typer.Option(help="Name items by construct and number, for files with questions as names.")
    ] = False,
    vendor: Annotated[str, typer.Option(help="Reader; auto looks at the file.")] = "auto",
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of a CSV file.")] = None,
    labels: Annotated[Path | None, typer.Option(help="LimeSurvey's structure of the survey (.lss).")] = None,
    quiet: Quiet = False,
) -> None:
    """Draft a codebook of a survey file, to be edited and given back with it."""
    with _guard(quiet=quiet):
        from satloyal.study.draft import draft_codebook

        text = draft_codebook(
            file,
            out,
            short_names=short_names,
            vendor=vendor,
            sheet=sheet,
            encoding=encoding,
            labels=labels,
        )
        if out is None:
            typer.echo(text, nl=False)
        elif not quiet:
            typer.echo(f"{out}")


def _describe(file: Path, codebook: Path | None, encoding: str | None, *, quiet: bool) -> None:
    with _guard(quiet=quiet):
        from satloyal.study.inspect import described
        from satloyal.study.progress import listener

        with listener(sys.stderr, quiet=quiet) as progress:
            text = described(file, codebook, encoding=encoding, progress=progress)
        typer.echo(text)


def _run(study: Path, out: Path, *, replicates: int | None, strict: bool, quiet: bool) -> None:
    from satloyal.study.plan import make_plan

    plan = make_plan(study, replicates=replicates)
    if not quiet:
        _introduce(plan)
    from satloyal.study.progress import listener
    from satloyal.study.run import run_study

    with listener(sys.stderr, quiet=quiet) as progress:
        result = run_study(plan, out, progress=progress)
    if not quiet:
        typer.echo(result.to_text())
    if strict and not result.sound:
        _complain(result)
        raise typer.Exit(FAILED_CHECKS)


def _introduce(plan: Plan) -> None:
    typer.echo(plan.config.title)
    if plan.config.data.sample == "simulated_retail":
        typer.echo("These data are SIMULATED: no person answered anything.")


def _complain(result: StudyResult) -> None:
    for name, failed in result.failed_checks():
        typer.echo(f"failed check: {name}: {failed.name}: {failed.message}", err=True)


@contextmanager
def _guard(*, quiet: bool) -> Iterator[None]:
    """Turn what users cause into one line and an exit code; what we cause stays a traceback."""
    former = signal.signal(signal.SIGTERM, _terminate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if quiet else "always", SatloyalWarning)
        shown = warnings.showwarning
        warnings.showwarning = lambda message, category, *rest: (
            typer.echo(f"warning: {message}", err=True)
            if issubclass(category, SatloyalWarning)
            else shown(message, category, *rest)
        )
        try:
            yield
        except SatloyalError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from None
        except KeyboardInterrupt:
            typer.echo("interrupted; nothing was written", err=True)
            raise typer.Exit(INTERRUPTED) from None
        finally:
            signal.signal(signal.SIGTERM, former)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Let a polite kill clean up as Ctrl-C does."""
    raise KeyboardInterrupt


def _shell(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
