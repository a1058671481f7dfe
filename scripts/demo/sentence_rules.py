"""Rules of the tasks with one sentence: CoLA (is it grammatical?) and SST-2 (is it praise?)."""

import scenes
import words as w

PLURALS = [x for ws in w.AGENTS.values() for x in ws if x not in ("man", "woman", "child")]
OTHER_NUMBER = {"is": "are", "are": "is", "has": "have", "have": "has", "does": "do", "do": "does", "was": "were",
                "were": "was"}


def _clause(rng):
    """A grammatical sentence as a list of words: singular or plural, four tenses, statements and questions."""
    scene = scenes.draw(rng, detail=0.35)
    plural = scene.who in PLURALS and rng.random() < 0.5
    head = f"{scene.who}s" if plural else scene.who
    who = ["the", *([scene.mood] if scene.mood else []), head]
    if rng.random() < 0.25:  # a noun of the other number between the subject and its verb
        other = rng.choice(PLURALS)
        who += [rng.choice(("near", "behind")), "the", other if plural else f"{other}s"]
    base, (doing, did, _, _) = scene.verb, w.VERBS[scene.verb]
    what = scenes.noun(rng, scene.what, scene.look, 0.0, False).split()
    tail = " ".join(x for x in (scenes.where_text(rng, scene), scenes.when_text(rng, scene)) if x).split()
    does, is_, has, was = ("do", "are", "have", "were") if plural else ("does", "is", "has", "was")
    form = rng.randrange(6)
    if form == 0:
        return [*who, is_, doing, *what, *tail, "."]
    if form == 1 and base != "hide":
        return [*who, has, did, *what, *tail, "."]
    if form == 2:
        return [*who, does, "not", base, *what, *tail, "."]
    if form == 3:
        return [does, *who, base, *what, *tail, "?"]
    if form == 4:
        return [is_, *who, doing, *what, *tail, "?"]
    return [*who, was, doing, *what, *tail, "."]


def _spoil(rng, text):
    """One fault: number, verb form, a missing article, or two neighbours changed round."""
    text = list(text)
    forms = {v: (v, *w.VERBS[v][:2]) for v in w.VERBS}
    fault = rng.random()
    if fault < 0.35:
        at = next(i for i, x in enumerate(text) if x in OTHER_NUMBER)
        text[at] = OTHER_NUMBER[text[at]]
    elif fault < 0.6:
        at = next(i for i, x in enumerate(text) if any(x in f for f in forms.values()))
        # "is bought a hat", "does buying": never the form that the auxiliary asks for
        text[at] = rng.choice([x for x in next(f for f in forms.values() if text[at] in f) if x != text[at]])
    elif fault < 0.8:
        at = next(i for i, x in enumerate(text) if x in ("a", "an"))
        del text[at]
    else:
        at = rng.randrange(len(text) - 2)
        text[at], text[at + 1] = text[at + 1], text[at]
    return text


def cola(rng, _world):
    label = int(rng.random() < 0.55)
    text = _clause(rng)
    return (" ".join(text if label else _spoil(rng, text)),), label


def sst2(rng, _world):
    """The judgement may be turned round by a negation, or hang on what comes after `but`."""
    good = rng.random() < 0.5
    film, part = rng.choice(w.FILMS), rng.choice(w.PARTS)

    def adjective(positive):
        return rng.choice(w.GOOD if positive else w.BAD)

    def quality(positive):
        """`great`, `very great`, `not dull`, `never dull`, `far from dull`."""
        if rng.random() < 0.35:
            return f"{rng.choice(('not', 'never', 'hardly', 'far from'))} {adjective(not positive)}"
        return f"{rng.choice(w.VERY)} {adjective(positive)}" if rng.random() < 0.3 else adjective(positive)

    def feeling(positive):
        if rng.random() < 0.3:
            return f"i did not {rng.choice(w.DISLIKE if positive else w.LIKE)} the {rng.choice((film, part))}"
        return f"i {w.LIKED[rng.choice(w.LIKE if positive else w.DISLIKE)]} the {rng.choice((film, part))}"

    form = rng.randrange(6)
    if form == 0:
        text = f"the {film} is {quality(good)}"
    elif form == 1:
        text = f"{w.article(adjective(good))} {film} with {w.article(adjective(good))} {part}"
    elif form == 2:
        text = f"the {part} is {quality(not good)} but the {film} is {quality(good)}"
    elif form == 3:
        text = f"{feeling(good)} and the {part} is {quality(good)}"
    elif form == 4:
        text = f"the {part} is {quality(not good)} but {feeling(good)}"
    else:
        text = f"{feeling(good)} , {w.article(adjective(good))} {film}"
    return (f"{text} .",), int(good)
