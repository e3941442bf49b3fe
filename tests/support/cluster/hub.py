"""JupyterHub beside the cluster, by `deploy/jupyterhub_config.py`, and learners who use it as a browser does."""

import json
import re
import time
import urllib.error
import uuid
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import yaml
from support.cluster import keys, programs
from support.cluster.place import ADDRESS, API_PORT
from support.cluster.schemas import DEPLOY
from tornado.httpclient import HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

URL = "http://127.0.0.1:18000"
PASSWORD = "a word for the whole room"  # noqa: S105
OWN = {
    "hub": {"config": {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}},
    # There is no kube-proxy here: the API server's address is its own, and not that of a service.
    "singleuser": {"extraEnv": {"KUBERNETES_SERVICE_HOST": ADDRESS, "KUBERNETES_SERVICE_PORT": str(API_PORT)}},
}


def start(cluster):
    """A hub with the rights of `deploy/hub.yaml` and no more, answering."""
    place = cluster.place
    token = cluster.kubectl("create", "token", "hub", "--namespace=lab", "--duration=2h").strip()
    rights = keys.configuration(place.at("keys"), "hub", {"token": token})
    own = place.at("hub") / "own.yaml"
    own.write_text(yaml.safe_dump(OWN), encoding="utf-8")
    python = programs.environment()
    words = [
        "sh",
        "-c",
        f"cd {place.at('hub')} && exec {python}/bin/python -m jupyterhub -f {DEPLOY}/jupyterhub_config.py",
    ]
    place.start(
        "hub",
        *words,
        PATH=f"{python}/bin:{programs.proxy()}:/usr/local/bin:/usr/bin:/bin",
        KUBECONFIG=str(rights),
        LAB_HUB_ADDRESS=ADDRESS,
        LAB_HUB_URL=URL,
        LAB_VALUES=str(own),
        CONFIGPROXY_AUTH_TOKEN=uuid.uuid4().hex,
    )
    cluster.wait("hub", lambda: _answers(f"{URL}/hub/health"))


def _answers(url):
    try:
        with build_opener().open(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


class Learner:
    """Somebody with a browser: cookies, pages, a kernel over a websocket."""

    def __init__(self, name):
        self.name = name
        self.base = f"{URL}/user/{name}"
        self.jar = CookieJar()
        self.web = build_opener(HTTPCookieProcessor(self.jar))

    def log_in(self):
        """By the page that a browser is shown."""
        page = self._text(f"{URL}/hub/login")
        token = re.search(r'name="_xsrf" value="([^"]+)"', page)[1]
        form = {"username": self.name, "password": PASSWORD, "_xsrf": token}
        self._text(f"{URL}/hub/login?next=%2Fhub%2Fhome", urlencode(form).encode())

    def arrive(self, seconds=180):
        """Ask for one's server until JupyterLab is there; seconds that it took."""
        begun = time.monotonic()
        self._start()
        said = None
        while time.monotonic() - begun < seconds:
            try:
                with self.web.open(f"{self.base}/lab", timeout=30) as answer:
                    said = answer.url
                    if said.startswith(self.base) and b"jupyter-config-data" in answer.read():
                        return round(time.monotonic() - begun, 1)
            except urllib.error.HTTPError as error:
                said = error.code
            time.sleep(0.3)
        raise AssertionError(f"{self.name} does not get to JupyterLab: {said}")

    def run(self, code, seconds=180):
        """Run a cell in a kernel of its own, over the websocket; all that it printed, and what stands under it."""
        kernel = self.ask("api/kernels", method="POST")
        try:
            return IOLoop().run_sync(lambda: self._cell(kernel["id"], code), timeout=seconds)
        finally:
            self.ask(f"api/kernels/{kernel['id']}", method="DELETE")

    def ask(self, path, method="GET", body=None):
        """The server's interface, with the token that its pages hand out."""
        headers = {"X-XSRFToken": self._token(), "Content-Type": "application/json"}
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = Request(f"{self.base}/{path}", data=data, headers=headers, method=method)  # noqa: S310
        with self.web.open(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def stop(self):
        """As the button on the hub's page."""
        token = next(one.value for one in self.jar if one.name == "_xsrf" and one.path.startswith("/hub"))
        request = Request(f"{URL}/hub/api/users/{self.name}/server", method="DELETE", headers={"X-XSRFToken": token})  # noqa: S310
        self.web.open(request, timeout=60).close()

    def _start(self):
        """The button of the hub's page."""
        page = self._text(f"{URL}/hub/spawn/{self.name}")
        if found := re.search(r'action="([^"]*spawn[^"]*)"', page):
            token = re.search(r'name="_xsrf" value="([^"]+)"', page)
            self._text(f"{URL}{found[1]}", urlencode({"_xsrf": token[1] if token else ""}).encode())

    def _token(self):
        return next(one.value for one in self.jar if one.name == "_xsrf" and one.path.startswith(f"/user/{self.name}"))

    def _text(self, url, data=None):
        with self.web.open(url, data, timeout=60) as answer:
            return answer.read().decode()

    async def _cell(self, kernel, code):
        cookies = "; ".join(f"{one.name}={one.value}" for one in self.jar if f"/user/{self.name}/".startswith(one.path))
        session = uuid.uuid4().hex
        url = f"{self.base}/api/kernels/{kernel}/channels?session_id={session}".replace("http", "ws", 1)
        socket = await websocket_connect(
            HTTPRequest(url, headers={"Cookie": cookies, "Origin": URL}), max_message_size=2**26
        )
        header = {
            "msg_id": uuid.uuid4().hex,
            "session": session,
            "username": "",
            "version": "5.3",
            "msg_type": "execute_request",
        }
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        request = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
            "buffers": [],
        }
        await socket.write_message(json.dumps(request))
        said = []
        while True:
            heard = json.loads(await socket.read_message())
            if heard["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            kind, content = heard["msg_type"], heard["content"]
            said += (
                [content["text"]]
                if kind == "stream"
                else list(content.get("data", {}).values())
                if "data" in content
                else []
            )
            if kind == "error":
                said += content["traceback"]
            if kind == "status" and content["execution_state"] == "idle":
                socket.close()
                return "\n".join(map(str, said))
