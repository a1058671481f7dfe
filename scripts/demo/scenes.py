"""Scenes: somebody does something to a thing somewhere; and the ways to put one into words."""

import dataclasses

import words as w


@dataclasses.dataclass(frozen=True)
class Scene:
    """What happens. `None`: not said."""

    who: str
    verb: str
    what: str
    mood: str | None = None
    look: str | None = None
    where: str | None = None
    when: str | None = None
    negated: bool = False

    def but(self, **changes):
        return dataclasses.replace(self, **changes)


def verbs_for(who_kind, what_kind):
    return [v for v, (_, _, kinds, animals) in w.VERBS.items()
            if what_kind in kinds and (animals or who_kind == "person")]


def draw(rng, detail=0.5, agents=None, things=None, places=None, names=0.0):
    """A scene. `detail`: how often each of mood, look, place and time is said; the lists narrow the world."""
    agents = agents or [a for ws in w.AGENTS.values() for a in ws]
    things = things or [t for ws in w.THINGS.values() for t in ws]
    places = places or [p for ws in w.PLACES.values() for p in ws]
    who, what = rng.choice(agents), rng.choice(things)
    verb = rng.choice(verbs_for(w.KIND_OF[who], w.KIND_OF[what]))
    named = rng.random() < names
    if named:
        who, verb = rng.choice(w.NAMES), rng.choice(verbs_for("person", w.KIND_OF[what]))

    def maybe(options):
        return rng.choice(options) if rng.random() < detail else None

    return Scene(who, verb, what, None if named else maybe(list(w.MOODS)), maybe(list(w.LOOKS)), maybe(places),
                 maybe(w.TIMES))


def twin(rng, word, chance):
    """Another word for the same, now and then."""
    return w.SAME[word] if word in w.SAME and rng.random() < chance else word


def noun(rng, word, quality, chance, definite):
    text = " ".join(twin(rng, x, chance) for x in (quality, word) if x)
    return f"the {text}" if definite else w.article(text)


def verb_forms(rng, verb, chance):
    """Base, -ing and past, of the verb or of its twin."""
    if verb in w.VERB_TWINS and rng.random() < chance:
        return w.VERB_TWINS[verb]
    return (verb, *w.VERBS[verb][:2])


def who_text(rng, scene, chance=0.0):
    return scene.who if scene.who in w.NAMES else noun(rng, scene.who, scene.mood, chance, True)


def where_text(rng, scene, chance=0.0):
    """`in the park`, or for a kind of place just `outside`."""
    if scene.where is None:
        return None
    return scene.where if scene.where in w.PLACES else f"in the {twin(rng, scene.where, chance)}"


def when_text(rng, scene, chance=0.0):
    return scene.when and " ".join(twin(rng, x, chance) for x in scene.when.split())


def tell(rng, scene, chance=0.0, orders=True, past=False):
    """The scene as a sentence; `chance` of other words for the same, and, with `orders`, other orders."""
    who = who_text(rng, scene, chance)
    what = noun(rng, scene.what, scene.look, chance, False)
    _, doing, did = verb_forms(rng, scene.verb, chance)
    where, when = where_text(rng, scene, chance), when_text(rng, scene, chance)
    negation = " not" if scene.negated else ""
    if past:
        core = f"{who} {did} {what}"
    elif orders and rng.random() < 0.3 and scene.verb != "hide":
        core = f"{what} is{negation} being {did} by {who}"
    else:
        core = f"{who} is{negation} {doing} {what}"
    front, tail = None, [x for x in (where, when) if x]
    if orders and tail and rng.random() < 0.4:
        front = tail.pop(rng.randrange(len(tail)))
    return " ".join(x for x in (front, core, *tail) if x) + " ."


def sibling(rng, word):
    """Another word of the same kind."""
    kind = w.KIND_OF[word]
    table = next(t for t in (w.AGENTS, w.THINGS, w.PLACES) if kind in t)
    return rng.choice([x for x in table[kind] if x != word])


def stranger(rng, word):
    """A word of the same sort, of any kind: another agent, thing or place."""
    table = next(t for t in (w.AGENTS, w.THINGS, w.PLACES) if w.KIND_OF[word] in t)
    return rng.choice([x for ws in table.values() for x in ws if x != word])


def change(rng, scene, slots):
    """The scene with that many of its slots saying something else; no slot appears or disappears."""
    filled = [f for f in ("who", "what", "verb", "where", "when", "mood", "look") if getattr(scene, f)]
    for slot in rng.sample(filled, min(slots, len(filled))):
        old = getattr(scene, slot)
        if slot == "who" and old in w.NAMES:
            new = rng.choice([n for n in w.NAMES if n != old])
        elif slot in ("who", "what"):
            new = sibling(rng, old)  # of the same kind, so that the verb still fits
        elif slot == "where":
            new = stranger(rng, old)
        elif slot == "when":
            new = rng.choice([t for t in w.TIMES if t != old])
        elif slot == "verb":
            who_kind = w.KIND_OF.get(scene.who, "person")
            choices = [v for v in verbs_for(who_kind, w.KIND_OF[scene.what]) if v != old]
            new = rng.choice(choices)
        else:
            new = rng.choice([q for q in (w.MOODS if slot == "mood" else w.LOOKS) if q != old])
        scene = scene.but(**{slot: new})
    return scene
