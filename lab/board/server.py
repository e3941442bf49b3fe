"""The board's two doors: one for learners, with TLS, on the network; one for the teacher, on this machine alone."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tornado import web

from lab.board import names, sums, told
from lab.board.limits import Limit
from lab.board.store import Full, Store
from lab.errors import BadInput, Blocked, UsageError

MOST_BYTES = 64 * 1024  # of a message; fifty steps are less than half of it
_PAGE = Path(__file__).parent / "page"
_FILES = {
    "": ("board.html", "text/html"),
    "board.css": ("board.css", "text/css"),
    "board.js": ("board.js", "text/javascript"),
}
_WIDE = "all"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Server": "lab",
}


class Board:
    """What both doors share: the data, the secret of the code, the teacher's token, and who may ask how often."""

    def __init__(self, store: Store, secret: str, token: str, about: dict[str, Any]) -> None:
        self.store, self.secret, self.token, self.about = store, secret, token, about
        self.wrong, self.wrong_by_all = Limit(10, 10), Limit(100, 60)
        self.asks = Limit(60, 120)  # of one learner
        self._shown = (-1, "")

    def page(self) -> tuple[int, str]:
        """The number of the last change, and all that the page shows, as JSON."""
        if self._shown[0] != self.store.changes:
            changes = self.store.changes
            self._shown = (changes, json.dumps({**sums.board(self.store), **self.about, "changes": changes}))
        return self._shown


class _Handler(web.RequestHandler):
    """Answers in JSON, with nothing of what was sent in it."""

    def initialize(self, board: Board) -> None:
        self.board = board

    def set_default_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def write_error(self, status_code: int, **_given: Any) -> None:
        self.finish({"problem": self._reason or str(status_code)})

    def refuse(self, status: int, problem: str) -> None:
        """Say why not."""
        self.set_status(status)
        self.finish({"problem": problem})

    def data(self) -> dict[str, Any]:
        """The message as a table. BadInput where it is none."""
        try:
            found = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise BadInput("This is no message.")
        return found

    def log_exception(self, *_given: Any) -> None:
        """A mistake of ours goes to the log's own file; nobody's words do."""
        from lab.log import keep_traceback

        kind, error, _trace = _given
        if not (isinstance(kind, type) and issubclass(kind, web.HTTPError)):
            del error
            keep_traceback("board")


class _Nothing(_Handler):
    """Whatever else is asked for."""

    def prepare(self) -> None:
        self.refuse(404, "This is the board of a class. Learners join it with `lab join`.")


class Learners(_Handler):
    """`POST /v1/join`, `/v1/name`, `/v1/say` and `/v1/leave`."""

    def post(self, what: str) -> None:
        """Do it, if it may be."""
        try:
            self._join(self.data()) if what == "join" else self._known(what)
        except (BadInput, UsageError) as error:
            self.refuse(400, error.message)
        except Blocked as error:
            self.refuse(503, error.message)
        except Full:
            self.refuse(503, "The class is full.")

    def _join(self, words: dict[str, Any]) -> None:
        board, who = self.board, str(self.request.remote_ip)
        if not (board.wrong.open(who) and board.wrong_by_all.open(_WIDE)):
            self.refuse(429, "Too many wrong codes. Wait a minute.")
            return
        if not hmac.compare_digest(str(words.get("secret", "")).encode(), board.secret.encode()):
            board.wrong.take(who)
            board.wrong_by_all.take(_WIDE)
            self.refuse(403, "That is not the code of this class.")
            return
        number, key, name = board.store.join(names.cleaned(_text(words.get("name"))), time.time())
        self.finish({"id": number, "key": key, "name": name})

    def _known(self, what: str) -> None:
        number = self._who()
        if not number:
            return
        store = self.board.store
        if what == "name":
            self.finish({"name": store.rename(number, names.cleaned(_text(self.data().get("name"))))})
            return
        if what == "leave":
            store.leave(number)
            self.finish({})
            return
        now = time.time()
        store.take(number, told.read(self.data(), now), now)
        self.finish({"solutions": store.shown(), "resets": store.offered(number).get(number, [])})

    def _who(self) -> str:
        scheme, _, rest = self.request.headers.get("Authorization", "").partition(" ")
        number, _, key = rest.partition(":")
        if scheme != "Lab" or not self.board.store.known(number, key):
            self.refuse(401, "The board does not know you.")
            return ""
        if not self.board.asks.take(number):
            self.refuse(429, "Too many messages. Wait a minute.")
            return ""
        return number


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class _Teacher(_Handler):
    """Only from this machine, by this machine's own name: no page of elsewhere can ask in a browser's stead."""

    def prepare(self) -> None:
        if self.request.host.rpartition(":")[0] not in ("127.0.0.1", "localhost"):
            self.refuse(403, "The board is shown on its own machine only.")

    def may(self) -> bool:
        """Has whoever asks the token?"""
        given = self.request.headers.get("Authorization", "").removeprefix("token ")
        if hmac.compare_digest(given.encode(), self.board.token.encode()):
            return True
        self.refuse(403, "Open the address that `lab board` printed.")
        return False


class Files(_Teacher):
    """The page itself: no data is in it, so it needs no token."""

    def get(self, name: str) -> None:
        """One of three files."""
        file, kind = _FILES[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish((_PAGE / file).read_bytes())


class Data(_Teacher):
    """`GET /data?after=N`: all that is shown, or nothing where nothing has changed since."""

    def get(self) -> None:
        """The newest."""
        if not self.may():
            return
        changes, text = self.board.page()
        if self.get_query_argument("after", "") == str(changes):
            self.set_status(204)
            self.finish()
            return
        self.set_header("Content-Type", "application/json")
        self.finish(f'{{"now":{time.time()},"board":{text}}}')


class Export(_Teacher):
    """`GET /export/csv` and `/export/json`."""

    def get(self, kind: str) -> None:
        """The whole board."""
        if not self.may():
            return
        store = self.board.store
        self.set_header("Content-Type", f"{'text/csv' if kind == 'csv' else 'application/json'}; charset=utf-8")
        self.finish(sums.as_csv(sums.rows(store)) if kind == "csv" else json.dumps(sums.as_json(store), indent=1))


class Press(_Teacher):
    """`POST /show`, `/offer` and `/remove`: the teacher's buttons."""

    def post(self, what: str) -> None:
        """Show a solution to all, offer a reset to one, or do so no more; remove somebody."""
        if not self.may():
            return
        try:
            self._do(what, self.data())
        except (BadInput, Blocked) as error:
            self.refuse(400, error.message)
            return
        self.finish({})

    def _do(self, what: str, words: dict[str, Any]) -> None:
        store, learner = self.board.store, _text(words.get("learner"))
        if what == "remove":
            store.leave(learner)
            return
        step, wanted = _text(words.get("step")), words.get("wanted") is True
        if sums.find(step) is None:
            raise BadInput("There is no such step.")
        if what == "show":
            store.show(step, wanted=wanted)
        else:
            store.offer(learner, step, wanted=wanted)


def for_learners(board: Board) -> web.Application:
    """What the network sees."""
    return _application(board, [(r"/v1/(join|name|say|leave)", Learners)])


def for_teacher(board: Board) -> web.Application:
    """What this machine sees."""
    routes: list[tuple[str, type[_Handler]]] = [
        (r"/((?:board\.(?:css|js))?)", Files), (r"/data", Data), (r"/export/(csv|json)", Export),
        (r"/(show|offer|remove)", Press),
    ]  # fmt: skip
    return _application(board, routes)


def _application(board: Board, routes: list[tuple[str, type[_Handler]]]) -> web.Application:
    given = {"board": board}
    quiet: Callable[[web.RequestHandler], None] = lambda _handler: None  # noqa: E731 - no log of who asked what
    return web.Application(
        [(path, handler, given) for path, handler in routes],
        default_handler_class=_Nothing,
        default_handler_args=given,
        log_function=quiet,
    )
