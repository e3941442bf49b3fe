"""How learners come in: a name, the code of the class the first time, and a password that they choose then."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Unicode

from lab.board import code, names
from lab.board.limits import Limit
from lab.errors import LabError
from lab.hub import learners

_BURST, _PER_MINUTE = 5, 6.0  # tries of a name, or of the code, before it takes patience
_OFTEN = "Too many tries. Wait a minute, then try again."
_WRONG = "That is not the password of this name. Your teacher can let you choose another one."
_NO_CODE = "This name is new here. To choose its password, type the code of the class too."
_WRONG_CODE = "That is not the code of this class. Ask your teacher."
_SHORT = f"Choose a password of {learners.SHORTEST} characters or more."


class ClassAuthenticator(Authenticator):
    """Names that learners choose, each kept by a password; the code of the class lets new ones in."""

    code = Unicode(help="The code of the class, such as 4F7K-9Q2M-X3TD; without one, nobody new comes in.", config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.allow_all = True
        self._tries = Limit(_BURST, _PER_MINUTE)
        self._entered: dict[str, str] = {}  # the password's hash with which somebody came in last

    def normalize_username(self, username: str) -> str:
        """One form of a name, whatever its capitals; as it is where it cannot be one."""
        try:
            return names.cleaned(username).casefold()
        except LabError:
            return username

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str:
        """The name of whoever comes in. Raises HTTPError with what to do, which the page shows."""
        del handler
        try:
            name = names.cleaned(data.get("username", "")).casefold()
            return await self._let_in(name, data.get("password", ""), data.get("code", ""))
        except LabError as error:
            raise HTTPError(403, str(error)) from error

    async def _let_in(self, name: str, password: str, typed: str) -> str:
        if not self._tries.take(name):
            raise HTTPError(403, _OFTEN)
        learner = learners.everyone().get(name)
        if learner and learner.password:
            if not await asyncio.to_thread(learners.fits, learner, password):
                raise HTTPError(403, _WRONG)
        else:
            self._check_code(typed)
            if len(password) < learners.SHORTEST:
                raise HTTPError(403, _SHORT)
            await asyncio.to_thread(learners.set_password, name, password)
        self._entered[name] = learners.everyone()[name].password
        return name

    def _check_code(self, typed: str) -> None:
        if not typed.strip():
            raise HTTPError(403, _NO_CODE)
        # nobody guesses sixty bits, so an open room full of beginners need not wait for one another
        if not self.code or code.read(typed) != code.read(self.code):
            raise HTTPError(403, _WRONG_CODE)

    async def refresh_user(self, user: Any, handler: Any = None, **_more: Any) -> bool:
        """Whoever was forgotten, or has another password since, has to come in again."""
        del handler
        learner = learners.everyone().get(user.name)
        if not learner or not learner.password:
            return False
        return self._entered.setdefault(user.name, learner.password) == learner.password
