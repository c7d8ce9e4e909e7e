"""What is out of reach on a page, or cannot be read: by geometry, and by axe."""

import json

from selenium_axe_python import Axe

from timp_orders.states import Action

REGIONS = (
    "#cancellation-form",
    ".cancellation-table",
    ".cancellation-search",
    ".cancellation-tools",
)
"""Where a page is the app's own, whatever the theme."""

CONTROLS = (
    *(f"{region} {control}" for region in REGIONS for control in ("a", "button", "select")),
    *(f"{region} input:not([type=hidden])" for region in REGIONS),
    *(f"{region} textarea" for region in REGIONS),
    *(f"{region} summary" for region in REGIONS),
    *(f"a[href*='/cancellation/{action}/']" for action in Action),
    "a[href*='/overview/']",
    "a[href*='/export/']",
    "[name=action]",
    "[name=index]",
)
"""What can be clicked or typed into there, and what leads there."""

OUT_OF_REACH = """
const [css, heading] = arguments;
const problems = [];
const describe = it => `<${it.localName}> ${(it.name || it.value || it.textContent || "").trim()
    .slice(0, 40)} (${it.className || it.id})`;
const scrollers = it => {
    const found = [];
    for (let at = it.parentElement; at; at = at.parentElement) found.push(at);
    return found;
};
// Where the whole page would be scrolled sideways, or nobody could scroll.
const forbidden = it => {
    const overflow = getComputedStyle(it).overflowX;
    return !["auto", "scroll"].includes(overflow) || it.contains(document.querySelector("h1, h2"))
        && !it.closest(".cancellation-table");
};
const reach = it => {
    it.scrollIntoView({block: "center", inline: "nearest", behavior: "instant"});
    const moved = scrollers(it).filter(at => at.scrollLeft);
    const wrongly = moved.filter(forbidden);
    const box = it.getClientRects()[0];
    let problem = "";
    if (!box || !box.width || !box.height) problem = "has no size";
    else if (getComputedStyle(it).visibility !== "visible") problem = "is not visible";
    else if (wrongly.length) problem = `lies beside the window, in <${wrongly[0].localName}>`;
    else if (box.left < -1 || box.right > innerWidth + 1)
        problem = `is beside the window: ${Math.round(box.left)} to ${Math.round(box.right)}`;
    else {
        const x = box.left + box.width / 2, y = box.top + box.height / 2;
        const top = document.elementFromPoint(x, y);
        const label = it.labels && it.labels[0];
        if (!top || !(it.contains(top) || label && label.contains(top)))
            problem = `is covered by ${top ? describe(top) : "nothing"}`;
    }
    moved.forEach(at => { at.scrollLeft = 0; });
    return problem;
};
const shown = it => !it.closest("details:not([open])") || it.localName === "summary";
const controls = [...document.querySelectorAll(css)].filter(shown);
for (const it of controls) {
    const problem = reach(it);
    if (problem) problems.push(`${describe(it)} ${problem}`);
}
const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5")].filter(
    it => it.textContent.includes(heading) && it.getClientRects().length
        && getComputedStyle(it).visibility === "visible");
if (!headings.length) problems.push(`no heading "${heading}" is visible`);
for (const it of document.querySelectorAll(".cancellation-table > h2"))
    if (!it.getClientRects().length) problems.push(`${describe(it)} is not visible`);
scrollTo(0, 0);
return [controls.length, problems];
"""

MADE_BY_SELECT2 = ".select2-hidden-accessible"


def out_of_reach(window, heading, *, controls=CONTROLS, narrowest=0):
    """Say what of the app's own nobody can click, and whether the page's heading is missing.

    :param heading: a part of the heading that the page has to show.
    :param narrowest: the width of the theme's narrowest page.
    """
    css = ", ".join(f"{it}:not({MADE_BY_SELECT2})" for it in controls)
    count, problems = window.driver.execute_script(OUT_OF_REACH, css, heading)
    assert count, "The page has nothing of the app's own."
    if (overflow := window.overflow() - max(0, narrowest - window.width)) > 0:
        problems.append(f"the page is {overflow} px wider than the window")
    return problems


def unreadable(window, regions=REGIONS):
    """Say what text has too little contrast in some regions of a page."""
    found = window.run(f"return {json.dumps(regions)}.filter(css => document.querySelector(css))")
    if not found:
        return []
    axe = Axe(window.driver)
    axe.inject()
    context = json.dumps({"include": [[css] for css in found]})
    told = axe.run(context, json.dumps({"runOnly": ["color-contrast"]}))
    found = {}
    for violation in told["violations"]:
        for node in violation["nodes"]:
            found.setdefault(node["any"][0]["message"], []).append(node["target"][0])
    return [f"{message} {where[0]} and {len(where) - 1} more" for message, where in found.items()]
