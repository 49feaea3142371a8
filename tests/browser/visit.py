"""Opens the pages of a running server in a real browser and uses them as a person would.

    python visit.py http://127.0.0.1:PORT FOLDER

FOLDER gets pictures: page, page-dark, page-phone, apidocs and apidocs-tried. Fails where a page shows
something else than the API says, where the console has an error, or where a request goes elsewhere.
"""

import json
import sys
import urllib.request
from pathlib import Path

from chromium import HOST, Browser, Failure

TEXT = "what is the cheapest flight from berlin to boston on monday?"
# A page that took texts for markup would run this.
MARKUP = "<img src=x onerror=\"document.title='broken'\"> <b>flights</b> to & from oslo"
VERBS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]


def ask(base, path, body=None):
    """What the API answers, without a browser."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"content-type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as response:
        return json.load(response)


def away(base):
    """The same server, as if it were another machine."""
    return base.replace("127.0.0.1", HOST)


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found!r}, and not {wanted!r}")


def percent(share):
    """As the page writes a share."""
    if 0.999 < share < 1:
        return ">\u00a099.9\u00a0%"
    if 0 < share < 0.001:
        return "<\u00a00.1\u00a0%"
    return f"{100 * share:.1f}\u00a0%"


def texts(page, selector):
    found = f"[...document.querySelectorAll({json.dumps(selector)})]"
    return page.value(f"{found}.map(element => element.textContent)")


def send(page, text):
    """Types a text and presses Enter, after everything that is there has been taken away."""
    before = len(texts(page, "#history li"))
    page.value("document.getElementById('text').focus()")
    page.value("document.getElementById('text').select()")
    page.type(text)
    page.enter()
    here = f"document.querySelectorAll('#history li').length > {before}"
    problem = "!document.getElementById('problem').hidden"
    page.until(f"{here} || {problem}", "there is an answer")
    if page.value(problem):
        raise Failure("the page says: " + page.text("#problem"))


def check_answer(page, base, text):
    """What the page shows of a text is what the API says of it."""
    model = page.value("document.getElementById('model').value")
    body = {"text": text, "model": model, "top_k": 5, "explain": True}
    wanted = ask(base, "/v1/predict", body)["predictions"][0]
    expect(page.text("#verdict"), wanted["label"], "the label shown")
    expect(texts(page, ".asked"), [text], "the text shown")
    top = wanted["top"]
    expect(texts(page, ".bars .label"), [each["label"] for each in top], "the labels shown")
    shown = texts(page, ".bars .value")
    expect(shown, [percent(each["confidence"]) for each in top], "the confidences shown")
    badge = {True: "Out of scope", False: "In scope", None: "Scope not known"}
    expect(page.text(".badge"), badge[wanted["out_of_scope"]], "the badge")
    tokens = wanted["tokens"] or []
    expect(texts(page, ".tokens li > :first-child"), [each["token"] for each in tokens], "the tokens")
    weights = [percent(each["weight"]) for each in tokens]
    expect(texts(page, ".tokens .weight"), weights, "the weights")


def try_page(browser, base, folder):
    page = browser.open(away(base))
    page.go("/")
    models = ask(base, "/v1/models")["models"]
    page.until("document.querySelectorAll('#about li').length > 0", "the page knows the models")
    names = texts(page, "#model option")
    if not set(names) <= {model["name"] for model in models} or not names:
        raise Failure(f"the page offers {names}, and the API has {models}")
    focused = page.value("document.activeElement.id")
    expect(focused, "text", "where the cursor is to begin with")

    send(page, MARKUP)
    check_answer(page, base, MARKUP)
    expect(page.value("document.title"), "uaic: try a model", "the title after a text of markup")
    expect(page.value("document.querySelectorAll('#answer img, #answer b, #history b').length"), 0, "markup")
    page.click("#right")
    page.until("document.querySelector('.thanks').textContent", "the feedback is noted")
    expect(page.value("document.querySelector('.thanks').className"), "thanks", "the first feedback")

    send(page, TEXT)
    check_answer(page, base, TEXT)
    if page.value("document.querySelectorAll('#label option').length") > 1:
        page.value("document.getElementById('label').selectedIndex = 1")
        page.click("#feedback .group button")
        page.until("document.querySelector('.thanks').textContent", "the correction is noted")
        expect(page.value("document.querySelector('.thanks').className"), "thanks", "the correction")
    if page.value("document.querySelectorAll('.tokens li').length"):
        page.click("#numbers")
    page.picture(folder / "page.png")
    nameless = page.nameless()
    expect(nameless, [], "controls without a name")
    page.colours("dark")
    page.picture(folder / "page-dark.png")
    page.colours("light")
    page.size(360, 740, is_phone=True)
    fits = page.value("document.documentElement.scrollWidth <= innerWidth")
    expect(fits, True, "that a phone shows the page without scrolling sideways")
    page.picture(folder / "page-phone.png")

    # The earlier text comes back from the history with what was said of it.
    page.click("#history li:last-child button")
    expect(texts(page, ".asked"), [MARKUP], "the text from the history")
    return page.complaints


def try_apidocs(browser, base, folder):
    page = browser.open(away(base), 1200, 1500)
    page.go("/apidocs/")
    paths = ask(base, "/openapi.json")["paths"].values()
    operations = [about for path in paths for verb, about in path.items() if verb in VERBS]
    count = len(operations)
    # Swagger UI takes operations of the same id for one.
    ids = [operation["operationId"] for operation in operations]
    expect([id for id in set(ids) if ids.count(id) > 1], [], "ids that several operations have")
    page.until(f"document.querySelectorAll('.opblock').length >= {count}", f"{count} operations are shown")
    expect(page.value("document.querySelectorAll('.opblock').length"), count, "operations shown")
    expect(page.value("document.querySelectorAll('.errors-wrapper').length"), 0, "errors of the document")
    page.picture(folder / "apidocs.png")

    mark = """(() => {
        const block = [...document.querySelectorAll(".opblock-post")].find(block =>
            block.querySelector(".opblock-summary-path").dataset.path === "/v1/predict");
        if (block) block.id = "tried";
        return Boolean(block);
    })()"""
    page.until(mark, "POST /v1/predict is shown")
    page.click("#tried .opblock-summary")
    page.until("document.querySelector('#tried .try-out__btn') !== null", "the operation is unfolded")
    if "Try it out" in page.text("#tried .try-out__btn"):
        page.click("#tried .try-out__btn")
    page.until("document.querySelector('#tried textarea') !== null", "there is a body to edit")
    page.value("document.querySelector('#tried textarea').select()")
    body = {"text": TEXT, "top_k": 3}
    page.type(json.dumps(body))
    page.click("#tried .execute")
    live = "#tried .live-responses-table .response"
    page.until(f"document.querySelector('{live}') !== null", "the request is answered")
    status = page.text(f"{live} .response-col_status").split()[0]
    expect(status, "200", "the status that Swagger UI shows")
    shown = page.value(f"document.querySelector('{live} .response-col_description pre').textContent")
    label = ask(base, "/v1/predict", body)["predictions"][0]["label"]
    expect(json.loads(shown)["predictions"][0]["label"], label, "the label that Swagger UI shows")
    page.value("document.getElementById('tried').scrollIntoView({ behavior: 'instant' })")
    page.picture(folder / "apidocs-tried.png", is_whole=False)
    return page.complaints


def main():
    base, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        complaints = try_page(browser, base, folder) + try_apidocs(browser, base, folder)
    if complaints:
        raise Failure("\n".join(["the pages are not clean:", *complaints]))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(str(failure))
