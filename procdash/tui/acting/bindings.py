"""The keys that write: those that ask for something, and those that confirm it, which are never the same."""

from __future__ import annotations

from textual.binding import Binding

ACTION_BINDINGS = (
    Binding(
        "ctrl+d", "act('delete')", "Delete", id="act.delete", tooltip="Delete what is marked, or this procedure"
    ),
    Binding(
        "ctrl+k",
        "act('commit')",
        "Commit",
        id="act.commit",
        tooltip="Mark what is marked, or this procedure, as finished",
    ),
    Binding("u", "undo", "Undo", id="act.undo", tooltip="Take back the last action on this location"),
    Binding("L", "app.log", "Log", id="act.log", tooltip="Show what was done to this location, and take it back"),
    Binding(
        "ctrl+t",
        "act('truncate')",
        "Truncate",
        id="act.truncate",
        tooltip="Remove the older steps of what is marked, or of this procedure",
    ),
    Binding(
        "R", "again", "Plan anew", show=False, id="act.again", tooltip="Plan anew what the store had changed under"
    ),
)
"""Nothing is written before a screen has shown the plan and it was confirmed there with another key."""

WRITING_ACTIONS = frozenset({"act", "undo", "again", "resume"})
"""The actions that are taken away where nothing may be written."""

CONFIRM_BINDINGS = (
    Binding("escape", "cancel", "Cancel", id="confirm.cancel", tooltip="Leave everything as it is"),
    Binding("y", "confirm", "Yes, do it", id="confirm.yes", tooltip="Apply the plan, if nothing must be typed"),
    Binding("tab", "app.focus_next", "Next field", id="confirm.next", tooltip="Go to the next field or button"),
    Binding(
        "shift+tab",
        "app.focus_previous",
        "Field before",
        show=False,
        id="confirm.previous",
        tooltip="Go to the field or button before",
    ),
    Binding(
        "right",
        "app.focus_next",
        "Next button",
        show=False,
        id="confirm.right",
        tooltip="Go to the next button",
    ),
    Binding(
        "left",
        "app.focus_previous",
        "Button before",
        show=False,
        id="confirm.left",
        tooltip="Go to the button before",
    ),
    Binding("r", "plan_anew", "Plan anew", id="confirm.anew", tooltip="Plan anew, from the store as it is now"),
    Binding("f", "scope", "Family", id="confirm.scope", tooltip="Delete whole families, or only what was named"),
    Binding(
        "plus",
        "keep(1)",
        "Keep more",
        key_display="+",
        id="confirm.more",
        tooltip="Keep one step more of each",
    ),
    Binding(
        "minus",
        "keep(-1)",
        "Keep fewer",
        key_display="-",
        id="confirm.fewer",
        tooltip="Keep one step fewer of each",
    ),
    Binding("up,k", "scroll(-1)", "Up", show=False, id="confirm.up", tooltip="Scroll the plan up"),
    Binding("down,j", "scroll(1)", "Down", show=False, id="confirm.down", tooltip="Scroll the plan down"),
    Binding(
        "pageup",
        "page(-1)",
        "Page up",
        show=False,
        id="confirm.page_up",
        tooltip="Scroll the plan up one page",
    ),
    Binding(
        "pagedown",
        "page(1)",
        "Page down",
        show=False,
        id="confirm.page_down",
        tooltip="Scroll it down one page",
    ),
)
"""The keys of the screen that asks before anything is written."""
