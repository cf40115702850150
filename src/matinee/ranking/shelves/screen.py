"""What rows are made from: a release prepared once, and one person on one day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from matinee.ranking.answers import Recommendation
from matinee.ranking.diversity import DEFAULT_CONFIG, DEFAULT_DIAL, DiversityConfig, diversify, shortlist
from matinee.ranking.duplicates import Works
from matinee.ranking.elicit import Question, Questions
from matinee.ranking.features import MovieFeatures
from matinee.ranking.hybrid import Blended
from matinee.ranking.policy import Policy
from matinee.ranking.reasons import because_popular
from matinee.ranking.recommender import DEFAULT_POLICY, NEUTRAL_TASTE, Recommender
from matinee.ranking.shelves.rotation import RotationConfig, rotated
from matinee.ranking.shelves.series import Series
from matinee.ranking.taste import Boost, Taste, reach_of
from matinee.types import BoolVector, FloatVector, IntVector, Profile, Profiles


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a page is for, and on which day.

    Attributes:
        profile: their history; may be empty.
        policy: what they may be shown; seen films never are, whatever it says, but under "Watch again".
        taste: sliders they moved; those at "never" bar.
        thumbed: movie indices whose value in the profile comes from a thumb: nobody is told of stars they did not give.
        genres: genres they named as theirs.
        shown: days on which a film was shown to them without a click, by movie index.
        day: seed of the day, such as days since 1970: the same day makes the same page.
        asked: movie indices they were asked about without an answer.
        strategy: what ranks "For you".
        dial: from relevance (0) to discovery (1).
        explorer: strategy that may choose the head of "Something different"; None leaves it to theirs.
    """

    profile: Profile = field(default_factory=Profile.empty)
    policy: Policy = DEFAULT_POLICY
    taste: Taste = NEUTRAL_TASTE
    thumbed: frozenset[int] = frozenset()
    genres: tuple[str, ...] = ()
    shown: Mapping[int, int] = field(default_factory=dict)
    day: int = 0
    asked: frozenset[int] = frozenset()
    strategy: str = "hybrid"
    dial: float = DEFAULT_DIAL
    explorer: str | None = None

    @property
    def rules(self) -> Policy:
        """The policy with what stands at "never" on the sliders."""
        return self.taste.barring(self.policy)


class Screen:
    """One release, prepared for pages: what films are like, which are one work, which follow one another.

    Args:
        recommender: the release.
        features: what films are like, where that is known already.
        works: which entries are one work, where that is known already.
        rotation: how much changes from day to day.
        diversity: what discovery means.
    """

    def __init__(
        self,
        recommender: Recommender,
        *,
        features: MovieFeatures | None = None,
        works: Works | None = None,
        rotation: RotationConfig | None = None,
        diversity: DiversityConfig = DEFAULT_CONFIG,
    ) -> None:
        self.recommender = recommender
        self.catalogue = recommender.catalogue
        self.rotation = rotation or RotationConfig()
        self.diversity = diversity
        arrays = recommender.release.engines["popular"].arrays
        self.counts = arrays["count"]
        self.weighted: FloatVector = arrays["weighted"].astype(np.float32)
        self.features = features or recommender.features
        self.works = works or recommender.works
        self.series = Series.of(self.catalogue)

    @cached_property
    def questions(self) -> Questions | None:
        """What a newcomer's rating of each film would teach; None without the engine `svd`."""
        return Questions.of(self.recommender.release.engines, self.counts, self.recommender.info.data.users)

    @property
    def version(self) -> str:
        """Version of the release."""
        return self.recommender.info.version

    def evening(self, person: Person, taken: Collection[int] = ()) -> Evening:
        """Look at the catalogue with one person's eyes.

        Args:
            person: who, and when.
            taken: movie indices that stand on the page already.
        """
        return Evening(self, person, set(taken))


class Evening:
    """The catalogue for one person on one day, and what of it stands on the page already."""

    def __init__(self, screen: Screen, person: Person, taken: set[int]) -> None:
        self.screen = screen
        self.person = person
        self.recommender = screen.recommender
        profile, policy = person.profile, replace(person.rules, seen=True)
        self.known = not self.recommender.hybrid.is_cold(len(profile))
        may = self.recommender.filters.allowed(policy, profile)
        done = np.zeros(len(screen.catalogue), np.bool_)
        for watched in (profile.movies, _listed(policy.also_seen), _listed(policy.hidden)):
            done[watched] = True
        may &= ~screen.series.not_yet(done)
        self.done = done
        self.open: BoolVector = screen.works.without_doubles(may, np.flatnonzero(done).astype(np.int32))
        self.may = self.open.copy()
        self.taken: set[int] = set()
        self.take(taken)

    def take(self, movies: Collection[int]) -> None:
        """Keep films off the rows to come."""
        self.taken.update(movies)
        self.open[np.fromiter(movies, np.int64, len(movies))] = False

    @cached_property
    def scores(self) -> FloatVector:
        """(n_movies,) what the person's strategy ranks by."""
        scores: FloatVector = self.blended.scores[0]
        return scores if self.boost is None else scores + self.boost.total

    @cached_property
    def blended(self) -> Blended:
        """What the engines of the person's strategy make of the catalogue."""
        return self._asked(self.person.strategy)

    @cached_property
    def boost(self) -> Boost | None:
        """What the person's sliders add; None where none was moved."""
        taste = self.person.taste
        if not taste.sliders:
            return None
        return self.recommender.sliders.boost(taste, reach_of(self.blended.scores[0], self.may))

    def ranked(self, scores: FloatVector, among: BoolVector, n: int, dial: float | None = None) -> IntVector:
        """Return up to `n` films of those open, rotated for the day and diversified.

        Args:
            scores: (n_movies,) higher is better.
            among: (n_movies,) which films the row is about.
            n: how many at most.
            dial: in place of the person's.
        """
        screen, person = self.screen, self.person
        pool = shortlist(scores, self.open & among, max(n, screen.diversity.pool))
        today = np.full(len(scores), -np.inf, np.float32)
        today[pool] = rotated(scores[pool], pool, person.shown, person.day, screen.rotation)
        inside = np.zeros(len(scores), np.bool_)
        inside[pool] = True
        chosen = person.dial if dial is None else dial
        return diversify(today, inside, n, chosen, screen.features, person.profile, screen.diversity)

    def explored(self, among: BoolVector) -> int | None:
        """Return the film of a row that the explorer puts at its head; None where nobody explores."""
        if self.person.explorer is None or not (self.open & among).any():
            return None
        return int(self.ranked(self._asked(self.person.explorer).scores[0], among, 1, dial=0.0)[0])

    @property
    def again(self) -> BoolVector:
        """(n_movies,) what may be shown although it was seen, and is not on the page."""
        policy = replace(self.person.rules, seen=False)
        may = self.recommender.filters.allowed(policy, self.person.profile)
        may[np.fromiter(self.taken, np.int64, len(self.taken))] = False
        return may

    def question(self) -> Question | None:
        """Return the film whose rating would teach us most; None for people we know, or where nobody can say.

        Films on the page may be asked about: they are known, and in sight.
        """
        questions = None if self.known else self.screen.questions
        if questions is None:
            return None
        policy = replace(self.person.rules, seen=False)
        allowed = self.recommender.filters.allowed(policy, self.person.profile)
        allowed[self.person.profile.movies] = False
        allowed[_listed(self.person.asked)] = False
        return questions.ask(self.person.profile, allowed)

    def popular(self, movies: IntVector) -> tuple[str, ...]:
        """Return what everybody's ratings say of films."""
        explicit, viewers = self.recommender.info.data.explicit, self.recommender.viewers
        return tuple(
            because_popular(self.recommender.statistics(movie), viewers=viewers, explicit=explicit)
            for movie in movies.tolist()
        )

    def personal(self, movies: Collection[int]) -> dict[int, Recommendation]:
        """Return films with the reasons the person's strategy gives."""
        if not movies:
            return {}
        told = self.recommender.explain_all(
            self.person.profile, np.array(list(movies), np.int32), blended=self.blended, boost=self.boost
        )
        return {each.movie: Recommendation(each.movie, each.score, reason, each.leading, each) for reason, each in told}

    def _asked(self, strategy: str) -> Blended:
        batch = Profiles.stack([self.person.profile], len(self.screen.catalogue))
        return self.recommender.hybrid.explained(batch, strategy)


def _listed(films: frozenset[int]) -> IntVector:
    return np.fromiter(films, np.int32, len(films))
