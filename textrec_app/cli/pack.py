"""`pack`: one folder that continues training on another machine."""

from pathlib import Path
from typing import Annotated

import typer

from textrec_app.cli.console import print_json, tell
from textrec_app.settings import load_settings

commands = typer.Typer()


@commands.command()
def pack(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The new folder.")],
    data: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Labeled words; several, or repeated.", show_default=False)
    ] = None,
    fonts: Annotated[Path | None, typer.Option(metavar="DIR", help="Fonts, before the system's.")] = None,
    wordlists: Annotated[Path | None, typer.Option(metavar="DIR", help="Word lists; else built-in words.")] = None,
    backgrounds: Annotated[Path | None, typer.Option(metavar="DIR", help="Pictures; else drawn textures.")] = None,
    corrections: Annotated[
        Path | None, typer.Option(metavar="TSV", help="Label errors: set/file, label, what the picture says.")
    ] = None,
    base: Annotated[Path | None, typer.Option(metavar="FILE", help="Recognizer to go on from; else the run's.")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="DIR", help="A run whose state goes along.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Training settings; else the checkpoint's.")] = None,
    limit_mb: Annotated[float, typer.Option(min=1.0, help="The most the folder may take, in MiB.")] = 64.0,
    system_fonts: Annotated[bool, typer.Option(help="Take the system's fonts along, too.")] = True,
) -> None:
    """Pack code, fonts, word lists, pictures and weights; the folder's continue.sh trains the recognizer further.

    The tenth of the words that training holds back is packed apart, and only measured with.
    """
    from textrec_app.services.packing import PackOrder, pack_training

    order = PackOrder(
        out=out,
        data=tuple(data or ()),
        fonts=fonts or load_settings().fonts_dir,
        wordlists=wordlists,
        backgrounds=backgrounds,
        corrections=corrections,
        base=base,
        resume=resume,
        recipe=recipe,
        limit_mb=limit_mb,
        with_system_fonts=system_fonts,
    )
    result = pack_training(order, lambda what: tell(f"Packing {what} …"))
    print_json(result)
    tell(f"Train with: sh {out / 'continue.sh'} MINUTES [OUT]")
