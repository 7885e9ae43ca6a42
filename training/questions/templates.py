# SPDX-License-Identifier: Apache-2.0
"""Sentence frames, separate for each split.

Placeholders: `{x}` a noun phrase, `{is}` and `{it}` agreeing with it; `{relative}`, `{goal}`,
`{need}`, `{predicate}`, `{plural}` forms of a phrase (see `wording`). Numbers: "one"
presupposes a single answer, "many" asks for several, "any" leaves it open.
"""

from __future__ import annotations

from typing import Final

from .frames import Frames
from .wording import Split

REQUESTS: Final[dict[Split, str]] = {
    "train": """
        {x}
        {x}, please
        hand me {x}
        hand {x} to me
        please hand me {x}
        give me {x}
        please give me {x}
        pass me {x}
        could you pass me {x}?
        bring me {x}
        please bring {x} to me
        get me {x}
        go and get {x}
        get {x} for me, please
        could you hand me {x}?
        would you hand me {x}, please?
        can you give me {x}?
        can you find {x}?
        could you find {x} for me?
        please find {x}
        find {x} on the table
        I need {x}
        I want {x}
        I would like {x}
        I would like to have {x}
        I want to see {x}
        I am looking for {x}
        I need you to find {x}
        show me {x}
        please show me {x}
        can you show me {x}?
        help me get {x}
        point at {x}
        point to {x}
        could you point at {x}, please?
        look for {x}
        take a look at {x}
        pick up {x}
        please pick up {x} for me
        pick {x} from the table
        take {x}
        take {x} and give {it} to me
        grab {x}
        robot, bring me {x}
        hey robot, please find {x}
        let me have {x}
        let us find {x}
        select {x}
        mark {x} in the image
        locate {x}
        segment {x}
        do you see {x}?
        can you see {x} on the table?
        can I have {x}?
        reach over and grab {x}
        move to {x}
        move your hand to {x}
        fetch {x}
        fetch me {x}, please
    """,
    "val": """
        robot, pick up {x}
        would you please find {x}?
        I want you to hand me {x}
        help me find {x}
    """,
    "test": """
        could you bring me {x}?
        please look for {x}
        I need you to bring me {x}
        robot, can you point at {x}?
        can you reach {x} for me?
        let me see {x}
        could you get me {x}?
        can you hand me {x}?
        I would like you to give me {x}
        go and find {x}, please
        would you pick up {x} and hand {it} to me?
    """,
}

DEFINITE_REQUESTS: Final[dict[Split, str]] = {
    "train": """
        where {is} {x}?
        where {is} {x} on the table?
        where exactly {is} {x}?
        where can I find {x}?
        show me where {x} {is}
        do you know where {x} {is}?
        tell me where {x} {is}
        where did I put {x}?
        I cannot find {x}
        where do you see {x}?
        I have lost {x}
    """,
    "val": """
        can you show me where {x} {is}?
    """,
    "test": """
        where can you see {x}?
        can you tell me where {x} {is}?
        do you see where I put {x}?
    """,
}

INDEFINITE_REQUESTS: Final[dict[Split, str]] = {
    "train": """
        is there {x} here?
        is there {x} on the table?
        do you have {x}?
        do you have {x} for me?
        do we have {x} here?
        is there {x}?
        can you see {x} here?
        I wonder if there is {x}
        tell me if you see {x}
    """,
    "val": """
        do you see {x} here?
        do you know if there is {x}?
    """,
    "test": """
        is there {x} for me?
        can you tell me if there is {x}?
        do we have {x}?
    """,
}

# Noun phrases made of a phrase, by slot; they become {x} of a request.
NOUN_PHRASES: Final[dict[str, Frames]] = {
    "relative": {
        "one": {
            "train": """
                something I can {relative}
                something I could {relative}
                something to {relative}
                a thing I can {relative}
                an object to {relative}
                the thing I can {relative}
                the object I could {relative}
                the one thing here that I can {relative}
            """,
            "val": """
                an object I could {relative}
            """,
            "test": """
                a thing to {relative}
                the one object I can {relative}
            """,
        },
        "any": {
            "train": """
                what I can {relative}
                what I could {relative}
                whatever I can {relative}
            """,
            "val": """
                what there is to {relative}
            """,
            "test": """
                whatever I could {relative}
            """,
        },
        "many": {
            "train": """
                everything I can {relative}
                everything I could {relative}
                everything to {relative}
                all the things I can {relative}
                all things that I could {relative}
                each object I can {relative}
                every object I could {relative}
            """,
            "val": """
                every object I can {relative}
            """,
            "test": """
                all the objects I could {relative}
                each thing I can {relative}
            """,
        },
    },
    "instrument": {
        "one": {
            "train": """
                something that helps me {goal}
                something that can be used to {goal}
                the thing that people use to {goal}
                the right object to help me {goal}
            """,
            "val": """
                the thing that helps me {goal}
            """,
            "test": """
                the right thing to {goal}
                an object that people use to {goal}
            """,
        },
        "any": {
            "train": """
                what people use to {goal}
                whatever can be used to {goal}
                what you would use to {goal}
            """,
            "val": """
                what can be used to {goal}
            """,
            "test": """
                whatever people use to {goal}
            """,
        },
        "many": {
            "train": """
                everything that helps me {goal}
                everything that can be used to {goal}
                all the things that people use to {goal}
            """,
            "val": """
                everything that people use to {goal}
            """,
            "test": """
                all the things that can be used to {goal}
            """,
        },
    },
    "predicate": {
        "one": {
            "train": """
                something that {predicate}
                the thing that {predicate}
                the object that {predicate}
                the one that {predicate}
                an object that {predicate}
                the item that {predicate}
                the only thing here that {predicate}
            """,
            "val": """
                a thing that {predicate}
            """,
            "test": """
                the one thing that {predicate}
                an item that {predicate}
            """,
        },
        "any": {
            "train": """
                what {predicate}
                whatever {predicate}
                whatever you see that {predicate}
            """,
            "val": """
                whatever you can see that {predicate}
            """,
            "test": """
                whatever is there that {predicate}
            """,
        },
        "many": {
            "train": """
                everything that {predicate}
                everything here that {predicate}
                each object that {predicate}
                every object that {predicate}
            """,
            "val": """
                each item that {predicate}
            """,
            "test": """
                every thing that {predicate}
                everything you see that {predicate}
            """,
        },
    },
    "plural": {
        "one": {"train": "", "val": "", "test": ""},
        "any": {"train": "", "val": "", "test": ""},
        "many": {
            "train": """
                all the things that {plural}
                all things that {plural}
                all objects that {plural}
                the things that {plural}
                the objects that {plural}
            """,
            "val": """
                all items that {plural}
            """,
            "test": """
                all the objects that {plural}
                all of the things that {plural}
            """,
        },
    },
}

# Whole sentences made of a phrase, by slot.
SENTENCES: Final[dict[str, Frames]] = {
    "relative": {
        "one": {
            "train": """
                which thing can I {relative}?
                which object could I {relative}?
                which of these things can I {relative}?
                which one would you {relative}?
            """,
            "val": """
                which object can I {relative}?
            """,
            "test": """
                which one of these could I {relative}?
                which thing would you {relative}?
            """,
        },
        "any": {
            "train": """
                what can I {relative}?
                what could I {relative}?
                what is there to {relative}?
                what would you {relative}?
                what should I {relative}?
                tell me what I can {relative}
                can you see what I could {relative}?
                is there anything I can {relative}?
                is there anything to {relative} here?
                do you see anything to {relative}?
                is there something on the table that I can {relative}?
                what on the table can I {relative}?
            """,
            "val": """
                what do you have that I can {relative}?
            """,
            "test": """
                what is on the table that I could {relative}?
                do you see anything I can {relative}?
                tell me what there is to {relative}
            """,
        },
        "many": {
            "train": """
                which things can I {relative}?
                which objects could I {relative}?
                which of these objects could I {relative}?
            """,
            "val": """
                which objects can I {relative}?
            """,
            "test": """
                which of these things could I {relative}?
            """,
        },
    },
    "goal": {
        "one": {
            "train": """
                I want to {goal}, give me the right thing
                I need to {goal}, so hand me what I need
                I have to {goal}, please bring me the right object
                to {goal}, which thing should I take?
            """,
            "val": """
                I want to {goal}, so hand me the right thing
            """,
            "test": """
                I need to {goal}, which object should I take?
                I have to {goal}, find the right thing
            """,
        },
        "any": {
            "train": """
                I want to {goal}
                I need to {goal}
                I would like to {goal}
                I am about to {goal}
                I want to {goal}, what should I take?
                I need to {goal}; what should I take?
                I have to {goal}. what do I need?
                I would like to {goal}. what is there?
                I want to {goal}. show me what I need
                I am going to {goal}, what would you take?
                if I want to {goal}, what should I take?
                help me, I want to {goal}
                can you help me to {goal}?
                let me {goal}
                what do I need if I want to {goal}?
                my plan is to {goal}
                someone wants to {goal}. what should they take?
                my friend wants to {goal}, what is the right thing?
                it is time to {goal}
                we are about to {goal}. what do we need?
                how can I {goal} here?
                time to {goal}, so what do I take?
                what do you have for someone who wants to {goal}?
                I must {goal}, what can I take?
                I will {goal} now
            """,
            "val": """
                I would like to {goal}, what should I take?
                I am going to {goal}. what do I need?
            """,
            "test": """
                I have to {goal}, what can I take?
                I want to {goal} now. what do I need?
                my friend has to {goal}, what should they take?
                what should I take if I want to {goal}?
            """,
        },
        "many": {
            "train": """
                I want to {goal}, show me everything I could take
                I need to {goal}, what are all the things I could take?
                I would like to {goal}; which things could I take?
                to {goal}, which objects could I take?
            """,
            "val": """
                I need to {goal}, show me all the things I could take
            """,
            "test": """
                I want to {goal}; which objects could I take?
                I have to {goal}, point at everything I could take
            """,
        },
    },
    "instrument": {
        "one": {
            "train": """
                which object is used to {goal}?
                which one do I use to {goal}?
                I need to {goal}, which thing is made for that?
            """,
            "val": """
                which thing do I use to {goal}?
            """,
            "test": """
                which object is made to {goal}?
                which thing here helps me {goal}?
            """,
        },
        "any": {
            "train": """
                what can I use to {goal}?
                what do I need to {goal}?
                what is used to {goal}?
                what would you use to {goal}?
                what helps me {goal}?
                I want to {goal}, what should I use?
                what do people use to {goal}?
                what should I use when I want to {goal}?
                I would like to {goal}, what can I use?
                is there anything that helps me {goal}?
            """,
            "val": """
                what should I use to {goal}?
            """,
            "test": """
                what could be used to {goal}?
                I have to {goal}, what should I use?
                what do you use to {goal}?
            """,
        },
        "many": {
            "train": """
                which objects can I use to {goal}?
                which of these things could be used to {goal}?
                what are all the things I could use to {goal}?
            """,
            "val": """
                which things can I use to {goal}?
            """,
            "test": """
                which of these objects can I use to {goal}?
            """,
        },
    },
    "need": {
        "one": {
            "train": """
                {need}, give me the right thing
                {need}. find something that helps
                {need}. hand me what I need
                {need}, which object would help?
                please bring something for this: {need}
                {need}. which thing should I take?
            """,
            "val": """
                {need}. hand me the right thing
            """,
            "test": """
                {need}, which thing would help?
                {need}. find the right object
            """,
        },
        "any": {
            "train": """
                {need}
                {need}. what could help?
                {need}. what would help?
                {need}, what should I take?
                {need}. what do I need?
                {need}, can you help?
                {need}. please help me
                {need}. what should I do?
                {need}; what is there for that?
                {need}. do you have what I need?
                {need}. what would you take?
                {need}, so what do I need?
                {need}. show me what would help
                {need}. is there anything that helps?
                robot, {need}
                I have a problem: {need}
                what can I take if {need}?
                help, {need}
                what helps when {need}?
                what is useful when {need}?
                {need}, what is useful now?
                because {need}, I need help
                {need}. can you do something about that?
                oh no, {need}
                {need}, please do something
            """,
            "val": """
                {need}. what is useful?
                {need}, do you have anything that helps?
            """,
            "test": """
                {need}, what could I take?
                {need}. what do you have that helps?
                help me, {need}
                what do I need if {need}?
                {need}, show me what is useful
            """,
        },
        "many": {
            "train": """
                {need}. show me everything that would help
                {need}, what are all the things I could take?
                {need}. which things would help?
            """,
            "val": """
                {need}. show me all the things that help
            """,
            "test": """
                {need}, which objects could help?
            """,
        },
    },
    "predicate": {
        "one": {
            "train": """
                which thing {predicate}?
                which object {predicate}?
                which one {predicate}?
                which of these things {predicate}?
                which item on the table {predicate}?
            """,
            "val": """
                which one of these things {predicate}?
            """,
            "test": """
                which of these objects {predicate}?
                which item here {predicate}?
            """,
        },
        "any": {
            "train": """
                what {predicate}?
                what on the table {predicate}?
                what here {predicate}?
                tell me what {predicate}
                what do you see that {predicate}?
                is there anything that {predicate}?
                is there anything here that {predicate}?
                can you see what {predicate}?
                do you see anything that {predicate}?
                do you know what {predicate}?
                I wonder what {predicate}
            """,
            "val": """
                can you tell me what {predicate}?
            """,
            "test": """
                what do you have that {predicate}?
                do you see what {predicate}?
                is there anything on the table that {predicate}?
            """,
        },
        "many": {"train": "", "val": "", "test": ""},
    },
    "plural": {
        "one": {"train": "", "val": "", "test": ""},
        "any": {"train": "", "val": "", "test": ""},
        "many": {
            "train": """
                which things {plural}?
                which objects {plural}?
                which of these items {plural}?
                which of the things on the table {plural}?
            """,
            "val": """
                which of these things {plural}?
            """,
            "test": """
                which of these objects {plural}?
                which items here {plural}?
            """,
        },
    },
}
