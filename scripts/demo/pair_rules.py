"""Rules of the tasks with two sentences. Each rule gives (texts, label), with labels as GLUE numbers them."""

import scenes
import words as w

SHE, HE = "anna clara emma grace irene lucy".split(), "ben david frank henry jack mark".split()
CONTAINERS = "box bag basket drawer".split()


def mrpc(rng, _world):
    """The same scene in other words, or one in which one or two things are different."""
    scene = scenes.draw(rng, detail=0.5, names=0.15)
    label = int(rng.random() < 0.6)
    other = scene if label else scenes.change(rng, scene, rng.choice((1, 2, 2, 3)))
    texts = scenes.tell(rng, scene, 0.5), scenes.tell(rng, other, 0.5)
    return (texts, label) if texts[0] != texts[1] else mrpc(rng, _world)


QUESTIONS = {  # {x}: a thing, {p}: a place
    "buy": ("where can i {buy} {x} ?", "which shop sells {x} ?", "what is the best place to get {x} ?"),
    "cost": ("how much does {x} cost ?", "what is the price of {x} ?", "is {x} cheap ?"),
    "fix": ("how do i {fix} {x} ?", "what is the best way to {fix} {x} ?"),
    "wash": ("how can i {wash} {x} ?", "what is the best way to {wash} {x} ?", "how do i make {x} look new ?"),
    "why": ("why do people like {x} ?", "what makes {x} so popular ?"),
    "first": ("who made {x} first ?", "which person came up with {x} ?"),
    "gift": ("is {x} a good gift for my friend ?", "should i give {x} to my friend ?"),
    "find": ("how can i {find} {x} {p} ?", "what helps me to {find} {x} {p} ?"),
}


def _question(rng, intent, scene):
    verbs = {v: scenes.verb_forms(rng, v, 0.5)[0] for v in w.VERB_TWINS}
    thing = scenes.noun(rng, scene.what, scene.look, 0.5, False)
    return rng.choice(QUESTIONS[intent]).format(x=thing, p=scenes.where_text(rng, scene, 0.5), **verbs)


def qqp(rng, _world):
    """Do two questions want to know the same about the same thing?"""
    scene = scenes.draw(rng, detail=1.0)
    if rng.random() < 0.4:
        scene = scene.but(look=None)
    intent = other_intent = rng.choice(list(QUESTIONS))
    other, label = scene, int(rng.random() < 0.42)
    if not label and rng.random() < 0.5:
        other_intent = rng.choice([i for i in QUESTIONS if i != intent])
    elif not label:
        slot = rng.choice(["what", "what", *(["look"] if scene.look else []), *(["where"] if intent == "find" else [])])
        new = (rng.choice([q for q in w.LOOKS if q != scene.look]) if slot == "look"
               else scenes.stranger(rng, getattr(scene, slot)))
        other = scene.but(**{slot: new})
    texts = _question(rng, intent, scene), _question(rng, other_intent, other)
    return (texts, label) if texts[0] != texts[1] else qqp(rng, _world)


WEIGHTS = {"who": 3, "verb": 3, "what": 3, "where": 2, "when": 2, "mood": 1, "look": 1}


def stsb(rng, _world):
    """5 when everything is the same, and less for each thing that is different; people who score never quite agree."""
    scene = scenes.draw(rng, detail=0.5)
    filled = [slot for slot in WEIGHTS if getattr(scene, slot)]
    other = scenes.change(rng, scene, rng.randrange(len(filled) + 1))
    same = sum(WEIGHTS[s] for s in filled if getattr(other, s) == getattr(scene, s))
    score = 5 * same / sum(WEIGHTS[s] for s in filled) + rng.gauss(0, 0.15)
    score = min(5.0, max(0.0, round(score * 5) / 5))
    return (scenes.tell(rng, scene, 0.4), scenes.tell(rng, other, 0.4)), score


def _less(rng, scene):
    """What follows from a scene: details left out, kinds instead of things, other words."""
    for slot in ("mood", "look", "where", "when"):
        if rng.random() < 0.5:
            scene = scene.but(**{slot: None})
    if not scene.negated:
        for slot, chance in (("who", 0.25), ("what", 0.25), ("where", 0.35)):
            word = getattr(scene, slot)
            if word in w.KIND_OF and rng.random() < chance:
                scene = scene.but(**{slot: w.KIND_OF[word]})
    return scene


def _more(rng, scene, world):
    """The scene with a detail that was not given."""
    fresh = scenes.draw(rng, detail=1.0, **world)
    free = [s for s in ("mood", "look", "where", "when") if getattr(scene, s) is None]
    slot = rng.choice(free)
    return scene.but(**{slot: getattr(fresh, slot)})


def _against(rng, scene):
    """A scene that cannot be true together with the given one."""
    ways = ["not"] + [s for s in ("mood", "look", "where", "where") if getattr(scene, s)]
    way = rng.choice(ways)
    if way == "not":
        return _less(rng, scene).but(negated=True)
    if way == "mood":
        return scene.but(mood=w.MOODS[scene.mood])
    if way == "look":
        return scene.but(look=w.LOOKS[scene.look])
    other = next(p for p in w.PLACES if p != w.KIND_OF[scene.where])
    return scene.but(where=other if rng.random() < 0.4 else rng.choice(w.PLACES[other]))


def mnli(rng, world):
    """Entailment: less is said. Neutral: more is said. Contradiction: it cannot be."""
    scene = scenes.draw(rng, detail=0.5, **world)
    while all((scene.mood, scene.look, scene.where, scene.when)):
        scene = scenes.draw(rng, detail=0.5, **world)
    label = rng.randrange(3)
    if label == 0:
        other = _less(rng, scene)
    elif label == 1:
        other = _more(rng, _less(rng, scene) if rng.random() < 0.3 else scene, world)
        if any(getattr(scene, s) is not None and getattr(other, s) not in (None, getattr(scene, s),
               w.KIND_OF.get(getattr(scene, s))) for s in ("mood", "look", "where", "when")):
            return mnli(rng, world)  # a detail that was left out came back as another one
    else:
        other = _against(rng, scene)
    return (scenes.tell(rng, scene, 0.2), scenes.tell(rng, other, 0.3, orders=False)), label


def qnli(rng, _world):
    """Does the sentence hold the answer to the question?"""
    facts = [scenes.draw(rng, detail=0.5, names=1.0) for _ in range(rng.choice((1, 2)))]
    if len({f.who for f in facts}) < len(facts):
        return qnli(rng, _world)
    fact = rng.choice(facts)
    ask = rng.choice([s for s in ("who", "what", "where", "when") if getattr(fact, s)])
    label = int(rng.random() < 0.5)
    asked = fact
    if label:
        missing = [s for s in ("where", "when") if getattr(fact, s) is None]
        if missing and rng.random() < 0.5:
            ask = rng.choice(missing)
        else:
            slot = rng.choice([s for s in ("who", "what", "verb") if s != ask])
            if slot == "who":
                others = [f.who for f in facts if f is not fact]
                name = (rng.choice(others) if others and rng.random() < 0.5
                        else rng.choice([n for n in w.NAMES if n not in others + [fact.who]]))
                asked = fact.but(who=name)
            else:
                new = scenes.stranger(rng, fact.what) if slot == "what" else rng.choice(
                    [v for v in scenes.verbs_for("person", w.KIND_OF[fact.what]) if v != fact.verb])
                asked = fact.but(**{slot: new})
    base, _, did = scenes.verb_forms(rng, asked.verb, 0.3)
    what = scenes.noun(rng, asked.what, None, 0.3, True)
    question = {"who": f"who {did} {what} ?", "what": f"what did {asked.who} {base} ?",
                "where": f"{rng.choice(('where', 'in which place'))} did {asked.who} {base} {what} ?",
                "when": f"{rng.choice(('when', 'at what time'))} did {asked.who} {base} {what} ?"}[ask]
    sentence = " and ".join(scenes.tell(rng, f, 0.2, past=True).removesuffix(" .") for f in facts)
    return (question, f"{sentence} ."), label


def rte(rng, world):
    """Two things happen. Does the second sentence follow from the first?"""
    facts = [scenes.draw(rng, detail=0.35, names=0.3), scenes.draw(rng, detail=0.35, names=0.3)]
    if facts[0].who == facts[1].who or facts[0].what == facts[1].what:
        return rte(rng, world)
    label = int(rng.random() < 0.5)
    claim, other = rng.sample(facts, 2)
    if label:
        way = rng.random()
        if way < 0.35 and other.verb in scenes.verbs_for(w.KIND_OF.get(claim.who, "person"), w.KIND_OF[other.what]):
            claim = claim.but(verb=other.verb, what=other.what, look=None, where=None, when=None)  # who did what?
        elif way < 0.75:
            core = claim.but(mood=None, look=None, where=None, when=None)
            claim = scenes.change(rng, core, rng.choice((1, 2)))
        else:
            claim = _less(rng, claim).but(negated=True)
    else:
        claim = _less(rng, claim)
    premise = rng.choice((" and ", " while ")).join(scenes.tell(rng, f, 0.2, orders=False)[:-2] for f in facts)
    return (f"{premise} .", scenes.tell(rng, claim, 0.3, orders=False)), label


PRONOUNS = [  # {a}, {b}: two people; each reason with what it says of whom
    ("{a} thanked {b} because {p} {r} .", {"had helped": "b", "was happy": "a", "had won": "a"}),
    ("{a} helped {b} because {p} {r} .", {"was tired": "b", "was strong": "a", "was kind": "a"}),
    ("{a} could not see over {b} because {p} {r} .", {"was too short": "a", "was too tall": "b"}),
    ("{a} paid {b} because {p} {r} .", {"had worked": "b", "was rich": "a"}),
    ("{a} beat {b} because {p} {r} .", {"was fast": "a", "was slow": "b"}),
]


def wnli(rng, _world):
    """Whom or what does the pronoun stand for?"""
    if rng.random() < 0.5:
        a = rng.choice([t for ws in w.THINGS.values() for t in ws])
        b = rng.choice(CONTAINERS)
        reason, whose = rng.choice((("too big", "a"), ("too large", "a"), ("too small", "b"), ("too tiny", "b")))
        text, name_a, name_b = f"the {a} does not fit in the {b} because it is {reason} .", f"the {a}", f"the {b}"
        claim = f"is {reason}"
    else:
        people = rng.choice((SHE, HE))
        name_a, name_b = rng.sample(people, 2)
        frame, reasons = rng.choice(PRONOUNS)
        claim, whose = rng.choice(list(reasons.items()))
        text = frame.format(a=name_a, b=name_b, p="she" if people is SHE else "he", r=claim)
    label = int(rng.random() < 0.5)
    right, wrong = (name_a, name_b) if whose == "a" else (name_b, name_a)
    return (text, f"{right if label else wrong} {claim} ."), label
