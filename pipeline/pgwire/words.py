"""A command's words, one after the other."""

from pipeline.pgwire.refusal import SYNTAX_ERROR, RefusalError
from pipeline.pgwire.statements import Piece, tokens


def first_word(text: str) -> str:
    """Return the word a statement begins with, in lower case; empty for one that begins with none."""
    for kind, start, end in tokens(text):
        if kind not in {"space", "comment"}:
            return text[start:end].lower() if kind == "word" else ""
    return ""


class Words:
    """The words of one statement, without space and comments, from the first on."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._tokens = [token for token in tokens(piece.text) if token[0] not in {"space", "comment"}]
        self._place = 0

    @property
    def done(self) -> bool:
        """Whether there is nothing more."""
        return self._place >= len(self._tokens)

    @property
    def last(self) -> bool:
        """Whether there is one word more."""
        return self._place == len(self._tokens) - 1

    @property
    def counts(self) -> bool:
        """Whether a number is next."""
        return not self.done and (self._tokens[self._place][0] == "number" or self._text() in {"-", "+"})

    def keyword(self) -> str | None:
        """Return the next word in lower case, if it is one without quotes."""
        if self.done or self._tokens[self._place][0] != "word":
            return None
        return self._text().lower()

    def accept(self, keyword: str) -> bool:
        """Go past ``keyword`` if it is next, and return whether it was."""
        found = self.keyword() == keyword
        self._place += found
        return found

    def expect(self, keyword: str) -> bool:
        """Go past ``keyword``; raises RefusalError if something else is next."""
        if not self.accept(keyword):
            raise self.wrong()
        return True

    def symbol(self, symbol: str) -> bool:
        """Go past ``symbol`` if it is next, and return whether it was."""
        found = not self.done and self._tokens[self._place][0] == "other" and self._text() == symbol
        self._place += found
        return found

    def next(self) -> str:
        """Return the next word as it is written and go past it."""
        if self.done:
            raise self.wrong()
        text = self._text()
        self._place += 1
        return text

    def name(self, *, dotted: bool = False) -> str:
        """Return a name: in lower case, unless quoted."""
        if self.done:
            raise self.wrong()
        kind, text = self._tokens[self._place][0], self._text()
        if kind == "word":
            found = text.lower()
        elif kind == "name" and len(text) > 2 and text.endswith('"'):
            found = text[1:-1].replace('""', '"')
        else:
            raise self.wrong()
        self._place += 1
        return f"{found}.{self.name()}" if dotted and self.symbol(".") else found

    def value(self) -> str:
        """Return a setting's value: a string, a number or a name."""
        if self.done:
            raise self.wrong()
        kind, text = self._tokens[self._place][0], self._text()
        if kind == "string" and text.startswith("'") and len(text) > 1 and text.endswith("'"):
            self._place += 1
            return text[1:-1].replace("''", "'")
        if self.counts:
            sign = "-" if self.symbol("-") else ""
            whole = f"{sign}{self.next()}"
            return f"{whole}.{self.next()}" if self.symbol(".") else whole
        return self.name()

    def number(self) -> int:
        """Return a whole number."""
        sign = -1 if self.symbol("-") else 1
        self.symbol("+")
        if not self.counts:
            raise self.wrong()
        text = self.next()
        if len(text) > 18 or not text.isascii():
            raise self.wrong()
        return sign * int(text)

    def rest(self) -> Piece:
        """Return what is left as a statement of its own and go to the end."""
        if self.done:
            raise self.wrong()
        start = self._tokens[self._place][1]
        self._place = len(self._tokens)
        return Piece(self._piece.text[start:], self._piece.start + start)

    def end(self) -> None:
        """Raise RefusalError if anything is left."""
        if not self.done:
            raise self.wrong()

    def wrong(self) -> RefusalError:
        """Return the error that the next word doesn't fit."""
        if self.done:
            end = self._piece.start + len(self._piece.text) + 1
            return RefusalError(SYNTAX_ERROR, "syntax error at end of input", end)
        position = self._piece.start + self._tokens[self._place][1] + 1
        return RefusalError(SYNTAX_ERROR, f'syntax error at or near "{self._text()[:64]}"', position)

    def _text(self) -> str:
        _, start, end = self._tokens[self._place]
        return self._piece.text[start:end]
