"""Pictures for the README: few colours, the same picture."""

from playwright.sync_api import Browser

from tests.viewer.palette import _pixels, reduced

PAGE = """<body style="margin:0;background:#fff"><svg width=64 height=40>
<rect width=30 height=40 fill="#3ba55d"/><rect x=30 width=34 height=20 fill="#d63d3d"/></svg>"""


def test_few_colours_stay_as_they_are(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 64, "height": 40})
    page.set_content(PAGE)
    png = page.screenshot()
    assert _pixels(png)[2][5][5] == (0x3B, 0xA5, 0x5D)
    small = reduced(png)
    page.set_content("<body style='margin:0'><img>")
    page.evaluate(
        "bytes => new Promise(done => { const i = document.querySelector('img'); i.onload = done;"
        " i.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)])); })",
        list(small),
    )
    assert _pixels(page.screenshot()) == _pixels(png)
    page.close()
