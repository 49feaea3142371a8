"""Headless Chromium, spoken to in its own protocol over a pair of pipes: nothing but Python's
standard library, no port, no driver program.

https://chromedevtools.github.io/devtools-protocol/ says what the methods and events mean.
"""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time

HOST = "uaic.test"
NAMES = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = [
    "--headless=new",
    "--no-sandbox",  # tests run as root in containers, where the sandbox cannot
    "--remote-debugging-pipe",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--hide-scrollbars",
    # Only this machine has an address, so a request elsewhere fails for certain; `HOST` is a name of it
    # that is not local, because pages may behave differently for local ones (Swagger UI does).
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


class Failure(Exception):
    """The browser says no, or not in time."""


def executable():
    """What `UAIC_TEST_CHROMIUM` names, or the first of the usual names there is."""
    found = [os.environ.get("UAIC_TEST_CHROMIUM")] + [shutil.which(name) for name in NAMES]
    found = [path for path in found if path]
    if not found:
        raise Failure(f"none of {', '.join(NAMES)} is installed; UAIC_TEST_CHROMIUM may name one")
    return found[0]


def high(descriptor):
    """The same pipe under a number that is in nobody's way."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100)
    os.close(descriptor)
    return moved


class Browser:
    """A browser of its own, with a profile that is thrown away."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="uaic-browser-")
        ours, theirs = os.pipe(), os.pipe()
        to_browser, from_browser = high(ours[1]), high(theirs[0])
        reads, writes = high(ours[0]), high(theirs[1])
        path = executable()
        log = os.path.join(self.profile, "stderr")
        # Chromium reads commands from descriptor 3 and writes to 4.
        actions = [
            (os.POSIX_SPAWN_DUP2, reads, 3),
            (os.POSIX_SPAWN_DUP2, writes, 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_CREAT, 0o600),
        ]
        arguments = [path, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"]
        self.pid = os.posix_spawn(path, arguments, os.environ, file_actions=actions, setpgroup=0)
        os.close(reads)
        os.close(writes)
        self.out, self.source, self.log = to_browser, from_browser, log
        self.buffer, self.number, self.answers, self.listeners = b"", 0, {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Failure, OSError):
            self.call("Browser.close", seconds=5)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            time.sleep(0.02)
        # Its helpers are in its process group, and end with it or now.
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, parameters=None, session=None, seconds=30):
        """What a method of the protocol gives."""
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        data = memoryview(json.dumps(message).encode() + b"\0")
        while data:
            data = data[os.write(self.out, data) :]
        deadline = time.monotonic() + seconds
        while number not in self.answers:
            if not self.listen(deadline - time.monotonic()):
                raise Failure(f"{method}: no answer within {seconds} s")
        answer = self.answers.pop(number)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def listen(self, seconds):
        """Takes in what comes within some time; whether anything came."""
        if not select.select([self.source], [], [], max(seconds, 0))[0]:
            return False
        piece = os.read(self.source, 1 << 16)
        if not piece:
            with open(self.log, errors="replace") as log:
                raise Failure("the browser has ended; it said:\n" + log.read()[-2000:])
        *messages, self.buffer = (self.buffer + piece).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            elif listener := self.listeners.get(message.get("sessionId")):
                listener(message["method"], message["params"])
        return True

    def open(self, origin, width=1200, height=900):
        """A new tab, which notes what goes wrong in it and what it asks other origins than this."""
        return Page(self, origin, width, height)


class Page:
    """A tab. `complaints` collects errors of the console and requests that should not have been."""

    def __init__(self, browser, origin, width, height):
        self.browser, self.origin, self.complaints = browser, origin.rstrip("/"), []
        target = browser.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = browser.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        self.session = attached["sessionId"]
        browser.listeners[self.session] = self.note
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"]:
            self.call(f"{domain}.enable")
        self.size(width, height)

    def call(self, method, parameters=None, seconds=30):
        return self.browser.call(method, parameters, self.session, seconds)

    def note(self, event, about):
        """Remembers what a good page does not do."""
        if event == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            said = details.get("exception", {}).get("description", details["text"])
            self.complaints.append(f"uncaught: {said}")
        elif event == "Runtime.consoleAPICalled" and about["type"] in ["error", "assert"]:
            said = [str(value.get("value", value.get("description"))) for value in about["args"]]
            self.complaints.append("console: " + " ".join(said))
        elif event == "Log.entryAdded" and about["entry"]["level"] == "error":
            entry = about["entry"]
            self.complaints.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif event == "Network.requestWillBeSent":
            url = about["request"]["url"]
            if not url.startswith((f"{self.origin}/", "data:", "blob:")):
                self.complaints.append(f"a request to a foreign origin: {url}")

    def size(self, width, height, is_phone=False):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        self.call("Emulation.setDeviceMetricsOverride", metrics)

    def colours(self, scheme):
        """`light` or `dark`, as the system would prefer it."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", {"features": features})

    def go(self, path):
        """Opens a page of the origin, and waits until it and what it names have loaded."""
        gone = self.call("Page.navigate", {"url": self.origin + path})
        if "errorText" in gone:
            raise Failure(f"{path}: {gone['errorText']}")
        loaded = "location.href !== 'about:blank' && document.readyState === 'complete'"
        self.until(loaded, f"{path} has loaded")

    def value(self, expression):
        """What a JavaScript expression comes to, promises awaited."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            said = details.get("exception", {}).get("description", details["text"])
            raise Failure(f"{expression}: {said}")
        return answer["result"].get("value")

    def until(self, expression, what, seconds=20):
        """Waits until an expression is true, and gives its value."""
        deadline = time.monotonic() + seconds
        while not (found := self.value(expression)):
            if time.monotonic() > deadline:
                raise Failure(f"waited {seconds} s in vain until {what}")
            self.browser.listen(0.05)
        return found

    def text(self, selector):
        """The visible text of an element."""
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText.trim()")

    def click(self, selector):
        """Clicks into the middle of an element with the mouse, as a person would."""
        asked = f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            if (!element) return null;
            element.scrollIntoView({{ block: "center", behavior: "instant" }});
            const box = element.getBoundingClientRect();
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            const there = document.elementFromPoint(x, y);
            return {{ x, y, hit: element.contains(there) || there?.contains(element) }};
        }})()"""
        place = self.until(asked, f"{selector} is there")
        if not place.pop("hit"):
            raise Failure(f"{selector} is covered by something else")
        for kind in ["mousePressed", "mouseReleased"]:
            press = {"type": kind, "button": "left", "clickCount": 1, **place}
            self.call("Input.dispatchMouseEvent", press)

    def type(self, text):
        """Puts a text in where the cursor is."""
        self.call("Input.insertText", {"text": text})

    def press(self, key, code=0, text=""):
        """Presses and releases a key; `code` is its virtual key code."""
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        down = {"type": "keyDown" if text else "rawKeyDown", "text": text, **about}
        self.call("Input.dispatchKeyEvent", down)
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **about})

    def enter(self):
        self.press("Enter", 13, "\r")

    def nameless(self):
        """Controls that a screen reader could not name."""
        roles = {"button", "checkbox", "combobox", "img", "link", "searchbox", "textbox"}
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        value = lambda node, field: node.get(field, {}).get("value", "")
        seen = [node for node in nodes if not node["ignored"] and value(node, "role") in roles]
        return [value(node, "role") for node in seen if not value(node, "name").strip()]

    def picture(self, path, is_whole=True):
        """A PNG of the page, of all of it or of what the window shows."""
        asked = {"format": "png", "captureBeyondViewport": is_whole}
        data = base64.b64decode(self.call("Page.captureScreenshot", asked)["data"])
        with open(path, "wb") as file:
            file.write(data)


if __name__ == "__main__":
    try:
        print(executable())
    except Failure as failure:
        sys.exit(str(failure))
