"""What MkDocs is told beyond the pages: parts made from the code, and files that lie outside of docs/."""

import re
from pathlib import Path

from command_line_reference import command_line_reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from settings_reference import presets_reference, settings_reference

ROOT = Path(__file__).parents[2]

PARTS = {
    "command line": command_line_reference,
    "settings": settings_reference,
    "presets": presets_reference,
}
"""What takes the place of a line ``<!-- made from the code: NAME -->``."""

PART = re.compile(r"^<!-- made from the code: (.+) -->$", re.MULTILINE)
OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)")
COPIES = "project"
"""Where files that pages link to outside of docs/ are put on the site."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the project that pages link to."""
    pages = [file.content_string for file in files.documentation_pages()]
    for name in sorted({name for page in pages for name in OUTSIDE.findall(page)}):
        source = str(ROOT / name)
        files.append(
            File.generated(
                config, f"{COPIES}/{name}", abs_src_path=source, inclusion=InclusionLevel.NOT_IN_NAV
            )
        )
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what is made from the code, and let links to files outside of docs/ find their copies."""
    markdown = PART.sub(lambda found: PARTS[found[1]](), markdown)
    return OUTSIDE.sub(rf"]({COPIES}/\1", markdown)
