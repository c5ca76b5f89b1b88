"""Reads a report as a program would: every table by its id, every value as it is exactly, every tag."""

from html.parser import HTMLParser

from outrider.records import record

VOID = {"meta", "rect", "line", "link", "img", "br", "input"}


@record
class Place:
    """A cell: what is read, and the exact value behind it."""

    text: str
    value: str


class Reader(HTMLParser):
    """Collects a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: dict[str, list[list[Place]]] = {}
        self.totals: dict[str, list[Place]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self.unclosed: list[str] = []
        self._table, self._row, self._part = "", list[Place](), ""
        self._cell: list[str] | None = None
        self._value = ""
        self.feed(page.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag, and which table, row and cell it begins."""
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID or (tag == "rect" and not (self.get_starttag_text() or "").endswith("/>")):
            self.unclosed.append(tag)
        match tag:
            case "table":
                self._table = str(given["id"])
                self.tables[self._table] = []
            case "tbody" | "thead" | "tfoot":
                self._part = tag
            case "tr":
                self._row = []
            case "td" | "th":
                self._cell, self._value = [], ""
            case "data" if self._cell is not None:
                self._value = given.get("value") or ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag that holds nothing."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Ends a cell, a row, or what else was open."""
        assert self.unclosed.pop() == tag, f"</{tag}> closes nothing"
        if tag in {"td", "th"}:
            self._row.append(Place(text="".join(self._cell or []).strip(), value=self._value))
            self._cell = None
        elif tag == "tr" and self._part == "tbody":
            self.tables[self._table].append(self._row)
        elif tag == "tr" and self._part == "tfoot":
            self.totals[self._table] = self._row

    def handle_data(self, data: str) -> None:
        """Notes what is read."""
        inside = self.unclosed[-1] if self.unclosed else ""
        if inside == "script":
            self.scripts.append(data)
        elif data.strip():
            self.texts.append((inside, data))
        if self._cell is not None:
            self._cell.append(data)

    @property
    def words(self) -> str:
        """All that is read, in order."""
        return "\n".join(text for inside, text in self.texts if inside != "style")
