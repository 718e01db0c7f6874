"""The pages of incidents in the documentation are those that the rules make now."""

from pathlib import Path

import pytest

from scenarios.incident_pages import renewed, shown_of

PAGES = Path(__file__).parent.parent.parent / "docs" / "incidents.md"


@pytest.mark.slow
def test_the_pages_in_the_documentation_are_up_to_date() -> None:
    document = PAGES.read_text()
    assert document.count("<!-- incident: ") == 10
    assert renewed(document) == document, "run make incidents"


def test_what_is_no_page_stays_as_it_is() -> None:
    text = "# Title\n\n```text\nby hand\n```\n"
    assert renewed(text) == text


def test_an_incident_that_is_not_there_is_said() -> None:
    with pytest.raises(LookupError, match="leg-lost-and-mended has no incident of rule M2"):
        shown_of("leg-lost-and-mended", "M2", 3)
