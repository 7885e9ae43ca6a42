# SPDX-License-Identifier: Apache-2.0
"""The paper's way (section 4.2.2): LLaVA's prompt, figure 4's template, and how replies are read.

The template is the paper's byte for byte, its slips included: "fulfil the following", "the the",
the full stop after the last answer, and the example that answers "on their backs" with "helmet".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..chat.asker import BadReplyError

__all__ = ["DESCRIBE", "TEMPLATE", "filled", "read_pairs"]

DESCRIBE = "Please describe the content in this image within 10 sentences."
"""what LLaVA-v1.5-13B is asked of each image"""

TEMPLATE = """\
I want you to act as an image data annotator. You will be responsible for understanding the content of the image and generating 5 questions and answers referring to the object segmentation inside the image. Since you cannot see the image. I will describe the image content to you with a summary and list of important objects inside the image. Be careful, your generated questions should fulfil the following requirements:

1. The questions should be short and concise, highly related to the image.
2. The answer to each question must be one of the important objects I provided to you.
3. Some important objects may not exist in the description, but they do exist in the image. You can also generate questions for those objects.
4. The question should not contain the name or the location of the object.
5. The question should be based on the property or function of the object.
6. The description of question should be related to the image content, not a general one.
7. You should not generate more than 2 different questions for the same answer.

Here is one example:

[Summary]:

In the image, there are two men standing next to their motorcycles, which are parked on the side of a road. The motorcycles are a black and silver one and a blue one. The men are wearing helmets, and they are standing close to each other.

[Important Objects]:

backpack | helmet | boot | saddlebag | mailbox | ashcan | stop_sign | motorcycle

[Questions]:

1. [Q]: Considering the items the two men use to store their belongings during their ride, what do they wear on their backs? [A]: helmet
2. [Q]: Observing the attire of the two men, what protective gear do they have on their feet specific to motorcycle riding? [A]: boot
3. [Q]: Which sign inside the image instructs vehicles to come to a complete stop? [A]: stop_sign
4. [Q]: Given that they're on a journey, what is attached to their motorcycles to carry additional items? [A]: saddlebag
5. [Q]: Observing this image, where do people discard waste on the street? [A]: ashcan.

Now please generate questions based on the the following summary and important objects.

[Summary]:

<summary>

[Important Objects]:

<important_objects>

[Questions]:
"""  # noqa: E501
"""figure 4; `<summary>` and `<important_objects>` are replaced"""

_PAIR = re.compile(
    r"\[Q\]\s*:?\s*(?P<question>.+?)\s*\[A\]\s*:?\s*(?P<answer>[^\n]*)", re.IGNORECASE | re.DOTALL
)


def filled(summary: str, objects: Sequence[str]) -> str:
    """The template of one image.

    Args:
        summary: description of the image.
        objects: names of categories; blanks become "_", as LVIS has them.
    """
    named = " | ".join(name.replace(" ", "_") for name in objects)
    before, rest = TEMPLATE.split("<summary>")
    between, after = rest.split("<important_objects>")
    return f"{before}{summary}{between}{named}{after}"


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Questions and the categories that answer them, as a reply lists them.

    Raises:
        BadReplyError: if it lists none.
    """
    pairs = []
    for match in _PAIR.finditer(text):
        question = " ".join(match["question"].split())
        answer = " ".join(match["answer"].replace("_", " ").split()).strip(" .'\"*`")
        if question and "[" not in question:
            pairs.append((question, answer.lower()))
    if not pairs:
        raise BadReplyError("no_questions", text)
    return pairs
