"""Pictures of what the demo shows in a terminal, as SVG files."""

import io
import re
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType
from rich.terminal_theme import TerminalTheme

from demo.view import Scene, frame

COLUMNS: Final = 120
LINES: Final = 30
_THEME: Final = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        (72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34),
        (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196),
    ],
    [
        (110, 118, 129), (255, 161, 152), (86, 211, 100), (227, 179, 65),
        (121, 192, 255), (210, 168, 255), (86, 212, 221), (240, 246, 252),
    ],
)  # fmt: skip
_FONT_FACE: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Rich lets a picture fetch its font from elsewhere; ours shows with what the reader has."""


class Fullest:
    """Keeps the scene with most to see: distinct rules open, then incidents open."""

    def __init__(self) -> None:
        self._scene: Scene | None = None

    def see(self, scene: Scene) -> None:
        """Look at one more scene."""
        if self._scene is None or _interest(scene) > _interest(self._scene):
            self._scene = scene

    def or_else(self, scene: Scene) -> Scene:
        """Return the scene kept, or ``scene`` if none was seen."""
        return self._scene or scene


def _interest(scene: Scene) -> tuple[int, int]:
    now = scene.found.now
    return len({finding.rule for finding in now}), len(now)


def picture(what: RenderableType, title: str, *, height: int | None = None) -> str:
    """Return something drawn in a terminal of COLUMNS columns, as SVG."""
    console = Console(
        record=True, file=io.StringIO(), width=COLUMNS, height=height, force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    console.print(what)
    drawn: str = console.export_svg(title=title, theme=_THEME, unique_id="fabricscope")
    return _FONT_FACE.sub("", drawn)


def draw(folder: Path, name: str, scene: Scene, table: RenderableType) -> list[Path]:
    """Write ``NAME-live.svg``, a scene, and ``NAME-table.svg``, the table at the end; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    live, final = folder / f"{name}-live.svg", folder / f"{name}-table.svg"
    title = f"fabricscope {name}"
    live.write_text(picture(frame(scene, COLUMNS, LINES), title, height=LINES), "utf-8")
    final.write_text(picture(table, f"{title}, at the end"), "utf-8")
    return [live, final]
