"""The words of the small world: what there is in it, what means the same, what is a kind of what."""

# Kinds of people and animals, and of things. A kind's name is a word, too ("the boy" is "a person").
AGENTS = {
    "person": "man woman boy girl teacher doctor farmer singer driver child".split(),
    "animal": "dog cat horse bird rabbit monkey".split(),
}
THINGS = {
    "fruit": "pear peach plum lemon".split(),
    "instrument": "guitar piano violin drum".split(),
    "vehicle": "car truck bike boat".split(),
    "garment": "hat coat shirt scarf".split(),
    "text": "book letter map poem".split(),
    "toy": "ball doll kite puzzle".split(),
    "tool": "hammer saw ladder brush".split(),
}
PLACES = {
    "outside": "park garden street forest market yard".split(),
    "inside": "kitchen school office library museum station".split(),
}
NAMES = "anna ben clara david emma frank grace henry irene jack lucy mark".split()
TIMES = ["today", "in the morning", "in the evening", "at night", "at noon", "on monday", "on friday"]

# base, -ing, past, what it is done to, and whether animals do it as well
VERBS = {
    "buy": ("buying", "bought", tuple(THINGS), False),
    "sell": ("selling", "sold", tuple(THINGS), False),
    "find": ("finding", "found", tuple(THINGS), True),
    "hide": ("hiding", "hid", tuple(THINGS), True),
    "carry": ("carrying", "carried", tuple(THINGS), True),
    "push": ("pushing", "pushed", ("vehicle", "toy"), True),
    "touch": ("touching", "touched", tuple(THINGS), True),
    "fix": ("fixing", "fixed", ("vehicle", "instrument", "toy", "tool"), False),
    "wash": ("washing", "washed", ("vehicle", "garment", "fruit"), False),
    "paint": ("painting", "painted", ("vehicle", "toy", "instrument"), False),
    "play": ("playing", "played", ("instrument",), False),
    "study": ("studying", "studied", ("text",), False),
    "copy": ("copying", "copied", ("text",), False),
    "taste": ("tasting", "tasted", ("fruit",), True),
    "fold": ("folding", "folded", ("garment", "text"), False),
}
VERB_TWINS = {
    "buy": ("purchase", "purchasing", "purchased"),
    "find": ("discover", "discovering", "discovered"),
    "fix": ("repair", "repairing", "repaired"),
    "wash": ("clean", "cleaning", "cleaned"),
}
TWINS = {  # words for the same thing, one way; SAME has both ways
    "doctor": "physician", "child": "kid", "rabbit": "bunny", "bike": "bicycle", "boat": "ship", "coat": "jacket",
    "street": "road", "forest": "wood", "noon": "midday", "happy": "glad", "quiet": "silent", "big": "large",
    "small": "tiny",
}
SAME = dict(TWINS) | {b: a for a, b in TWINS.items()}

# How people and animals are, with the contrary where there is one; how things are.
MOODS = {"tall": "short", "short": "tall", "old": "young", "young": "old", "happy": "sad", "sad": "happy",
         "quiet": "loud", "loud": "quiet"}
LOOKS = {"red": "blue", "blue": "green", "green": "white", "white": "black", "black": "yellow", "yellow": "red",
         "big": "small", "small": "big"}

# Opinions.
FILMS = "film movie story book song play show concert".split()
PARTS = "plot music cast ending acting picture".split()
GOOD = "great wonderful lovely funny charming brilliant clever warm exciting sweet".split()
BAD = "awful boring dull terrible weak slow silly ugly cold annoying".split()
LIKE = "like love enjoy admire".split()
DISLIKE = "hate dislike regret".split()
LIKED = {"like": "liked", "love": "loved", "enjoy": "enjoyed", "admire": "admired", "hate": "hated",
         "dislike": "disliked", "regret": "regretted"}
VERY = "very really quite so".split()

KIND_OF = {word: kind for table in (AGENTS, THINGS, PLACES) for kind, words in table.items() for word in words}


def article(word):
    """The word with `a` or `an` before it."""
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def contrast_classes():
    """Groups of words that can stand in each other's place but say something else; twins are not told apart here."""
    groups = [NAMES, list(MOODS), list(LOOKS), [w for ws in PLACES.values() for w in ws], list(PLACES), list(AGENTS),
              list(THINGS), GOOD + BAD, ["morning", "evening"], ["monday", "friday"], ["noon", "night"]]
    groups += [ws for table in (AGENTS, THINGS) for ws in table.values()]
    for tense in (None, 0, 1):
        groups.append([base if tense is None else VERBS[base][tense] for base in VERBS])
    twins = dict(SAME)
    for base, forms in VERB_TWINS.items():
        for one, other in zip((base, *VERBS[base][:2]), forms):
            twins[one], twins[other] = other, one
    return [sorted(group + [twins[w] for w in group if w in twins]) for group in groups], twins
