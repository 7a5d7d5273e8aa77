"""The default theme: dark and quiet, so that what needs a look stands out."""

from textual.theme import Theme

PROCDASH_DARK = Theme(
    name="procdash-dark",
    primary="#5ea1f0",
    secondary="#8fb3d9",
    accent="#5ea1f0",
    success="#79b791",
    warning="#dfae62",
    error="#ec7b7b",
    foreground="#ccd3dd",
    background="#10141a",
    surface="#10141a",
    panel="#1a202a",
    dark=True,
    variables={
        "border": "#394352",
        "footer-background": "#10141a",
        "footer-item-background": "#10141a",
        "footer-description-background": "#10141a",
        "footer-key-background": "#10141a",
        "footer-key-foreground": "#5ea1f0",
        "footer-description-foreground": "#8b96a5",
        "scrollbar": "#333d4b",
        "scrollbar-hover": "#4a5769",
        "scrollbar-active": "#5ea1f0",
        "scrollbar-background": "#10141a",
        "scrollbar-background-hover": "#10141a",
        "scrollbar-background-active": "#10141a",
    },
)
