"""Writes the text of the `grammar-gpt` sample: short English-like stories drawn from a small probabilistic grammar.

Every choice is drawn uniformly and shows in the text, so a story has one derivation, and the sum of the choices'
log-probabilities is the story's exact log-probability: no model can do better on average.

There is something to learn at every distance: agreement in number across inserted phrases, pronouns, a or an,
quotation marks that open and close, names and things that come back several sentences later, sums of small numbers,
lists repeated in the same or the opposite order.

Usage, to read some: /usr/bin/python3 grammar.py [COUNT] [SEED]
"""

import math
import sys
from typing import NamedTuple

import numpy as np


class Noun(NamedTuple):
    one: str
    many: str

    def counted(self, number):
        return self.one if number == 1 else self.many


class Person(NamedTuple):
    name: str
    pronoun: str


GIRLS = ["Mia", "Ann", "Eva", "Lucy", "Rosa", "Nora", "Ida", "Zoe"]
BOYS = ["Tom", "Ben", "Sam", "Max", "Leo", "Hugo", "Otto", "Finn"]
PEOPLE = [Person(name, "she") for name in GIRLS] + [Person(name, "he") for name in BOYS]
THINGS = [Noun("apple", "apples"), Noun("egg", "eggs"), Noun("umbrella", "umbrellas"), Noun("key", "keys"),
          Noun("box", "boxes"), Noun("book", "books"), Noun("lamp", "lamps"), Noun("coin", "coins"),
          Noun("hat", "hats"), Noun("drum", "drums"), Noun("knife", "knives"), Noun("watch", "watches")]
ANIMALS = [Noun("cat", "cats"), Noun("dog", "dogs"), Noun("fox", "foxes"), Noun("mouse", "mice"),
           Noun("goose", "geese"), Noun("horse", "horses"), Noun("owl", "owls"), Noun("otter", "otters")]
COLOURS = ["red", "green", "blue", "yellow", "white", "black", "orange", "pink"]
PLACES = ["garden", "kitchen", "forest", "school", "market", "station", "barn", "tower"]
HIDING_PLACES = ["under the table", "behind the door", "near the window", "on the roof", "in the cellar", "by the lake"]
OPPOSITES = [("big", "small"), ("old", "young"), ("fast", "slow"), ("loud", "quiet"), ("wet", "dry"), ("happy", "sad")]
DEEDS = [Noun("sleeps", "sleep"), Noun("runs", "run"), Noun("sings", "sing"), Noun("waits", "wait"),
         Noun("hides", "hide"), Noun("dances", "dance")]
MANNERS = ["quietly", "all day", "at night", "in the rain", "without a sound", "again and again"]
CHASES = [Noun("chases", "chase"), Noun("follows", "follow"), Noun("watches", "watch"), Noun("fears", "fear")]
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


class Choices:
    """Draws at random and keeps the log-probability, in nats, of all that was drawn."""

    def __init__(self, rng):
        self.rng = rng
        self.log_probability = 0.0

    def one_of(self, options):
        self.log_probability -= math.log(len(options))
        return options[self.rng.integers(len(options))]

    def several_of(self, options, count):
        """Different options, in the order in which they were drawn."""
        options = list(options)
        drawn = []
        for _ in range(count):
            drawn.append(self.one_of(options))
            options.remove(drawn[-1])
        return drawn

    def number(self, low, high):
        """A whole number from `low` to `high`, both included."""
        return self.one_of(range(low, high + 1))


def a(noun_phrase):
    return ("an " if noun_phrase[0] in "aeiou" else "a ") + noun_phrase


def enumeration(parts):
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def gift(choices):
    giver, taker = choices.several_of(PEOPLE, 2)
    thing, colour = choices.one_of(THINGS), choices.one_of(COLOURS)
    had = choices.number(2, 9)
    given = choices.number(1, had - 1)
    left = had - given
    return (f"{giver.name} has {NUMBERS[had]} {colour} {thing.many}. {giver.pronoun.capitalize()} gives "
            f"{NUMBERS[given]} of them to {taker.name}. Now {taker.name} has {NUMBERS[given]} {colour} "
            f"{thing.counted(given)} and {giver.name} has {NUMBERS[left]}.")


def find(choices):
    finder, thing, place = choices.one_of(PEOPLE), choices.one_of(THINGS), choices.one_of(PLACES)
    had, found = choices.number(1, 6), choices.number(1, 6)
    return (f"{finder.name} has {NUMBERS[had]} {thing.counted(had)}. In the {place} {finder.pronoun} finds "
            f"{NUMBERS[found]} more. {finder.name} comes home from the {place} with {NUMBERS[had + found]} {thing.many}.")


def search(choices):
    seeker, helper = choices.several_of(PEOPLE, 2)
    thing, colour = choices.one_of(THINGS), choices.one_of(COLOURS)
    first, second = choices.several_of(PLACES, 2)
    return (f"{seeker.name} lost {a(f'{colour} {thing.one}')}. {seeker.pronoun.capitalize()} looks in the {first}, but the "
            f"{thing.one} is not there. \"I saw {a(f'{colour} {thing.one}')} in the {second},\" says {helper.name}. "
            f"{seeker.name} thanks {helper.name} and goes to the {second}.")


def describe(choices):
    """Subject and verb agree in number across phrases that hold nouns of the other number."""
    subject, number = choices.one_of(ANIMALS), choices.number(1, 2)
    phrase = choices.one_of([no_phrase, origin_phrase, chasing_phrase, chased_phrase])(choices, number)
    one, opposite = choices.one_of(OPPOSITES + [(second, first) for first, second in OPPOSITES])
    deed, manner = choices.one_of(DEEDS), choices.one_of(MANNERS)
    be, pronoun = ("is", "It") if number == 1 else ("are", "They")
    return (f"The {subject.counted(number)}{phrase} {be} not {one} but {opposite}. "
            f"{pronoun} {deed.counted(number)} {manner}.")


def no_phrase(choices, number):
    return ""


def origin_phrase(choices, number):
    return f" from the {choices.one_of(PLACES)}"


def chasing_phrase(choices, number):
    return f" that {choices.one_of(CHASES).counted(number)} the {choices.one_of(ANIMALS).counted(choices.number(1, 2))}"


def chased_phrase(choices, number):
    chaser, chaser_number = choices.one_of(ANIMALS), choices.number(1, 2)
    return f" that the {chaser.counted(chaser_number)} {choices.one_of(CHASES).counted(chaser_number)}"


def likes(choices):
    people, liked = choices.several_of(PEOPLE, 3), choices.several_of(ANIMALS + THINGS, 3)
    asked = choices.number(0, 2)
    statements = [f"{person.name} likes {noun.many}" for person, noun in zip(people, liked)]
    return (f"{enumeration(statements)}. What does {people[asked].name} like? "
            f"{people[asked].name} likes {liked[asked].many}.")


def talk(choices):
    asker, answerer = choices.several_of(PEOPLE, 2)
    animal, number, where = choices.one_of(ANIMALS), choices.number(1, 2), choices.one_of(HIDING_PLACES)
    be, them = ("is", "it") if number == 1 else ("are", "them")
    subject = f"the {animal.counted(number)}"
    return (f"\"Where {be} {subject}?\" asks {asker.name}. \"{subject.capitalize()} {be} {where},\" says {answerer.name}. "
            f"{asker.name} looks {where} and sees {them}.")


def count(choices):
    counter, animal, place = choices.one_of(PEOPLE), choices.one_of(ANIMALS), choices.one_of(PLACES)
    total = choices.number(2, 9)
    return (f"{counter.name} counts the {animal.many} in the {place}: {', '.join(NUMBERS[1 : total + 1])}. "
            f"\"There are {NUMBERS[total]} {animal.many} here,\" says {counter.name}.")


def walk(choices):
    walker, places = choices.one_of(PEOPLE), choices.several_of(PLACES, 3)
    there = [f"the {place}" for place in places]
    return (f"{walker.name} walks past {enumeration(there)}. On the way back {walker.pronoun} walks past "
            f"{enumeration(there[::-1])}.")


KINDS = [gift, find, search, describe, likes, talk, count, walk]


def story(rng):
    """One story on one line, and its log-probability under the grammar in nats."""
    choices = Choices(rng)
    text = choices.one_of(KINDS)(choices)
    return text, choices.log_probability


if __name__ == "__main__":
    rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20):
        print(story(rng)[0])
