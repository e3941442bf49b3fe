"""How panel and cards look in a notebook: JupyterLab's own colours, so that both themes and high contrast hold."""

from __future__ import annotations

from lab.model.results import Status

_LIGHT = {"passed": "#1a7f37", "failed": "#c21c2c", "open": "#0860ca", "blocked": "#8a5a00", "bug": "#7a3fd0"}
_DARK = {"passed": "#56d364", "failed": "#ff8a80", "open": "#79c0ff", "blocked": "#e3b341", "bug": "#d2a8ff"}
_NAMES = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.NOT_ATTEMPTED: "open",
    Status.BLOCKED: "blocked",
    Status.BUG: "bug",
}
_CLASSES = {f"lab-{status.label.replace(' ', '-')}": name for status, name in _NAMES.items()}
_INK = "var(--jp-content-font-color1, inherit)"


def _colours(table: dict[str, str]) -> str:
    return "".join(f"--lab-{name}:{value};" for name, value in table.items())


_BOXES = ".lab-panel,.lab-card,.lab-live"
STYLE = (
    "<style>"
    f"{_BOXES}{{{_colours(_LIGHT)}color:{_INK};font-size:var(--jp-content-font-size1,14px);line-height:1.55;"
    "white-space:normal;overflow-wrap:anywhere;max-width:62em}"
    + ",".join(f"[data-jp-theme-light=false] {one}" for one in _BOXES.split(","))
    + f"{{{_colours(_DARK)}}}"
    ".lab-panel{border:1px solid var(--jp-border-color1,#8888);border-radius:6px;padding:.6em 1em}"
    ".lab-head{font-size:1.1em;margin-bottom:.2em}"
    ".lab-bar{display:flex;flex-wrap:wrap;gap:.6em;align-items:center}"
    ".lab-bar span:first-child{min-width:6em}"
    ".lab-panel progress{flex:1 1 8em;min-width:6em;max-width:20em;height:.7em;accent-color:var(--lab-passed)}"
    ".lab-build progress{width:12em}"
    ".lab-panel ol.lab-steps{list-style:none;margin:.5em 0;padding:0}"
    ".lab-steps li{display:flex;margin:.1em 0;padding:.05em .4em;border-left:3px solid transparent}"
    ".lab-steps li[aria-current]{border-left-color:var(--lab-open);font-weight:600}"
    ".lab-steps .lab-mark{flex:none;width:1.6em}"
    ".lab-state{font-size:.86em;font-weight:400;border:1px solid;border-radius:1em;padding:0 .6em;white-space:nowrap}"
    + "".join(
        f".{name} .lab-mark,.{name} .lab-state{{color:var(--lab-{colour})}}"
        f".lab-card .{name}{{border-left-color:var(--lab-{colour})!important}}"
        f".lab-card .{name}>div:first-child [aria-hidden]{{color:var(--lab-{colour})!important}}"
        for name, colour in _CLASSES.items()
    )
    + f".lab-steps .lab-not-attempted:not([aria-current]) :is(.lab-mark,.lab-state){{color:{_INK};opacity:.8}}"
    ".lab-passed-before-this-step-was-changed .lab-mark,.lab-passed-before-this-step-was-changed .lab-state"
    "{color:var(--lab-blocked)}"
    ".lab-problem{border-left:4px solid var(--lab-blocked);padding:.2em .8em;margin:.4em 0}"
    ".lab-machine,.lab-room{margin-top:.4em}"
    ".lab-shown{border-left:4px solid var(--lab-open);padding:.2em .8em;margin:.4em 0}"
    ".lab-room pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0;max-height:24em;overflow:auto}"
    f".lab-panel a,.lab-card a{{color:{_INK};text-decoration:underline;text-underline-offset:.15em}}"
    ".lab-panel a:focus-visible,.lab-card a:focus-visible,.lab-card summary:focus-visible,"
    ".lab-buttons button:focus-visible{outline:2px solid var(--jp-brand-color1,#0860ca)!important;outline-offset:2px}"
    ".lab-card pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--jp-layout-color2,#8881);"
    f"color:{_INK};padding:.5em .8em;margin:.4em 0;border-radius:4px;max-height:24em;overflow:auto}}"
    f".lab-card code{{color:{_INK};background:var(--jp-layout-color2,#8881)}}"
    ".lab-card ol{margin:.2em 0;padding-left:2em}"
    f".lab-card table{{color:{_INK};font-size:inherit;margin:.3em 0}}"
    ".lab-card th,.lab-card td{text-align:left;vertical-align:top;padding:.1em .9em .1em 0}"
    ".lab-card th{white-space:nowrap;overflow-wrap:normal}"
    ".lab-card pre code{background:none;padding:0}.lab-label{font-size:.86em;font-weight:600;margin-top:.4em}"
    ".lab-label+pre{margin-top:.1em}"
    ".lab-card summary{cursor:pointer}"
    f".lab-tick label{{color:{_INK};white-space:normal}}"
    ".lab-answers{flex-direction:column;align-items:flex-start;gap:.2em}"
    ".lab-buttons{padding:3px;overflow:visible}"
    ".lab-answers button{text-align:left;white-space:normal;max-width:100%}"
    ".lab-answers button::before{content:'○ '}.lab-answers button.lab-said::before{content:'● '}"
    ".lab-answers button.lab-said{font-weight:600;outline:2px solid var(--jp-brand-color1,#0860ca)}"
    ".lab-answers button:disabled{opacity:1}"
    ".lab-tick input:focus-visible,.lab-box :is(textarea,input):focus-visible"
    "{outline:2px solid var(--jp-brand-color1,#0860ca);outline-offset:2px}"
    ".lab-buttons{flex-wrap:wrap}.lab-buttons button{width:auto;height:auto;min-height:28px;line-height:1.6}"
    ".jupyter-widgets-disconnected.lab-box::before,"
    ".lab-box .jupyter-widgets-disconnected::before{display:none!important}"
    ".lab-box .jupyter-widgets-disconnected.lab-buttons button{display:none}"
    ".lab-box .jupyter-widgets-disconnected.lab-buttons::before{display:block!important;"
    "font:var(--jp-ui-font-size1,13px) var(--jp-ui-font-family,sans-serif);color:inherit;background:none;"
    "content:'The kernel was restarted. Run this cell again for its buttons.'}"
    ".lab-live{padding:.1em .2em;font-variant-numeric:tabular-nums}"
    "</style>"
)
