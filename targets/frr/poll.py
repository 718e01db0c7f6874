"""A host asked again and again: the shell around ``families.hear``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from targets.frr.commands import Command, Parsed, answer_of, documents_of
from targets.frr.documents import VNIS
from targets.frr.families import View, hear
from targets.frr.processes import Outcome, Processes
from targets.tree import Delta


@dataclass(frozen=True)
class Said:
    """What one command's answers brought."""

    command: str
    changes: Mapping[str, Delta]
    """As of ``families.hear``."""
    answers: int
    """Sources that answered."""
    complaints: Mapping[str, str]
    """Why not, by document, or by command if it concerns all of its documents."""
    hung: bool


class Host:
    """One host, and what it was last heard to say."""

    def __init__(self, asked: Sequence[Command], processes: Processes) -> None:
        self._asked = asked
        self._processes = processes
        self._parsed = Parsed()
        self._view = View()

    def poll(self) -> Iterator[Said]:
        """Ask everything once; yield what each command brought as soon as it ended.

        All run side by side. What stands behind a document that failed is asked again by itself, in the same
        poll: nothing but the failed one is missed.
        """
        for command in self._asked:
            self._processes.start(command)
        while (outcome := self._processes.wait()) is not None:
            yield self._take(outcome)

    @property
    def families(self) -> tuple[str, ...]:
        """The families heard of."""
        return tuple(self._view.trees)

    @property
    def leaves(self) -> int:
        """How many leaves the host has."""
        return sum(map(len, self._view.trees.values()))

    def _take(self, outcome: Outcome) -> Said:
        command = outcome.command
        answer = answer_of(command, outcome.output, outcome.trouble)
        documents, complaints = documents_of(self._parsed, answer)
        if VNIS in answer.silent and "vtep" not in self._view.trees:
            # zebra has nothing to say of VNIs while EVPN is off, as on a spine. Once it had, as on a leaf
            # whose bgpd is down, its silence is no answer.
            documents[VNIS] = []
        if outcome.trouble is not None and (outcome.hung or answer.rest is None) and not complaints:
            error = " ".join(outcome.error.decode(errors="replace").split())
            complaints[command.name] = f"{outcome.trouble}: {error}" if error else outcome.trouble
        if answer.rest is not None and not outcome.hung:
            self._processes.start(answer.rest)
        heard = hear(self._view, documents)
        self._view = heard.view
        for sentence in heard.unreadable:
            document, _, complaint = sentence.partition(": ")
            complaints[document] = complaint
        return Said(command.name, heard.changes, heard.answers, complaints, outcome.hung)
