"""What learners read, in files for people to read: a text has to be as its file has it.

`LAB_RENEW=yes pytest …` writes such files anew, to be read before they are committed.
"""

import os

HEAD = "\n## "


def wanted(file, name, text):
    """What the file holds under that name; with LAB_RENEW, the text, which is written there."""
    said = Said(file)
    if os.environ.get("LAB_RENEW"):
        said.renew(name, text)
    return said.of(name)


class Said:
    """Texts by their names, in one file."""

    def __init__(self, file):
        self.file = file
        parts = file.read_text(encoding="utf-8").split(HEAD)[1:] if file.exists() else []
        self.texts = {name: text.strip("\n") for name, _, text in (part.partition("\n") for part in parts)}

    def of(self, name):
        """What has to be said under that name; nothing where it was never written down."""
        return self.texts.get(name, "")

    def renew(self, name, text):
        """Write down what is said now."""
        self.texts[name] = text
        self.file.parent.mkdir(exist_ok=True)
        written = "".join(f"{HEAD}{one}\n{said}\n" for one, said in sorted(self.texts.items()))
        self.file.write_text(written, encoding="utf-8")
