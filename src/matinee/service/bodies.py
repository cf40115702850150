"""What the API takes and gives beside the words of `answers`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from matinee.ranking.policy import Policy
from matinee.ranking.taste import LONGEST_NAME, Slider
from matinee.service.access import LARGEST_ID
from matinee.service.answers import Card, Film, OwnFeedback, OwnRating, Shelf
from matinee.service.evening import GUESTS, PICKS, Guest
from matinee.service.steering import SLIDERS_MOST
from matinee.service.use_cases import MOST, NAME_LENGTH
from matinee.store import Limits

MovieId = Annotated[int, Field(ge=0, le=LARGEST_ID, strict=True, description="Id of a movie.", examples=[1])]
Stars = Annotated[
    float,
    Field(
        ge=0.5,
        le=10,
        multiple_of=0.5,
        allow_inf_nan=False,
        strict=True,
        description="Stars in half steps.",
        examples=[4.5],
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RateBody(_Body):
    """One rating; `value` null takes it back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"movie_id": 1366, "value": 4.5}]})

    movie_id: MovieId
    value: Stars | None


class GivenRating(_Body):
    """One rating of a newcomer."""

    movie_id: MovieId
    value: Stars


class OnboardBody(_Body):
    """What a person tells on their first visit; everything may be left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Ada", "ratings": [{"movie_id": 1366, "value": 4.5}], "genres": ["Drama"]}]
        }
    )

    name: Annotated[str | None, Field(max_length=4 * NAME_LENGTH)] = None
    ratings: Annotated[tuple[GivenRating, ...], Field(max_length=200)] = ()
    genres: Annotated[
        tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=50, examples=[["Drama"]])
    ] = ()


FeedbackKind = Literal["like", "dislike", "not_for_me", "hidden", "dont_learn", "watchlist", "watched"]


class FeedbackBody(_Body):
    """One thing said of a film beside stars; `value` false takes it back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "not_for_me", "movie_id": 1366, "value": True}]})

    kind: FeedbackKind
    movie_id: MovieId
    value: Annotated[bool, Field(strict=True)] = True


class SliderBody(_Body):
    """One slider: -2 never, -1 less, 0 as it comes, 1 more, 2 much more."""

    kind: Literal["genre", "person", "decade", "theme", "franchise"]
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, examples=["Horror"])]
    level: Annotated[int, Field(ge=-2, le=2, strict=True)]

    def slider(self) -> Slider:
        """Return it as the ranking knows it."""
        return Slider(self.kind, " ".join(self.name.split()), self.level)


class TasteBody(_Body):
    """All sliders of a viewer; those at 0, and those that are left out, are forgotten."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"sliders": [{"kind": "genre", "name": "Horror", "level": -1}]}]}
    )

    sliders: Annotated[tuple[SliderBody, ...], Field(max_length=SLIDERS_MOST)]


MaxAge = Annotated[int | None, Field(ge=0, le=120, strict=True, description="Years: known to be fit for this age.")]
MaxRuntime = Annotated[int | None, Field(ge=1, le=10_000, strict=True, description="Minutes: known to be no longer.")]
Year = Annotated[int | None, Field(ge=1800, le=2200, strict=True, description="Year of release.")]
Languages = Annotated[
    tuple[Annotated[str, Field(pattern="^[a-z]{2}$")], ...] | None,
    Field(max_length=50, description="ISO 639-1 codes of original languages; null for all.", examples=[["en"]]),
]
Discovery = Annotated[
    float | None,
    Field(ge=0, le=1, allow_inf_nan=False, description="From relevance (0) to discovery (1); null as by default."),
]
MovieIds = Annotated[tuple[MovieId, ...], Field(max_length=8000)]


class _LimitsBody(_Body):
    """Limits; films of which nobody knows whether they keep one do not."""

    max_age: MaxAge = None
    max_runtime: MaxRuntime = None
    min_year: Year = None
    max_year: Year = None
    languages: Languages = None

    def policy(self) -> Policy:
        """Return the limits as a policy that bars nothing else."""
        return Policy(
            seen=False,
            max_age=self.max_age,
            max_runtime=self.max_runtime,
            min_year=self.min_year,
            max_year=self.max_year,
            languages=None if self.languages is None else frozenset(self.languages),
        )


class SettingsBody(_LimitsBody):
    """All limits of a viewer's household; `available` left out or null leaves that list alone."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"max_age": 12, "max_runtime": 150, "only_available": False}]}
    )

    only_available: Annotated[bool, Field(strict=True)] = False
    discovery: Discovery = None
    available: MovieIds | None = None

    def limits(self) -> Limits:
        """Return them as the store keeps them."""
        return Limits(
            max_age=self.max_age,
            max_runtime=self.max_runtime,
            min_year=self.min_year,
            max_year=self.max_year,
            languages=None if self.languages is None else tuple(sorted(set(self.languages))),
            only_available=self.only_available,
            discovery=self.discovery,
        )


class RecommendBody(_LimitsBody):
    """One list with limits of its own, which add to those of the viewer's household."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"n": 1, "max_runtime": 180, "exclude": [1502]}]})

    n: Annotated[int, Field(ge=1, le=MOST, strict=True)] = 10
    strategy: Annotated[str, Field(max_length=50)] = "hybrid"
    discovery: Discovery = None
    exclude: MovieIds = ()

    def narrowed(self) -> Policy:
        """Return the limits of this list."""
        return self.policy()


class GuestBody(_Body):
    """Somebody who watches tonight: films they love, or rated; nothing of it is stored."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH, examples=["Bo"])]
    loves: Annotated[tuple[MovieId, ...], Field(max_length=100)] = ()
    ratings: Annotated[tuple[GivenRating, ...], Field(max_length=200)] = ()
    hidden_genres: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=50)] = ()
    max_age: MaxAge = None

    def guest(self) -> Guest:
        """Return them as the use case knows them."""
        loved: dict[int, float | None] = dict.fromkeys(self.loves)
        return Guest(
            name=" ".join(self.name.split()),
            ratings=loved | {each.movie_id: each.value for each in self.ratings},
            hidden_genres=self.hidden_genres,
            max_age=self.max_age,
        )


class TonightBody(_LimitsBody):
    """An evening: the guests, what somebody refuses, and limits that hold for all."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"guests": [{"name": "Bo", "loves": [1366]}], "max_runtime": 150}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH, description="What to call the caller.")] = "You"
    guests: Annotated[tuple[GuestBody, ...], Field(max_length=GUESTS)] = ()
    vetoes: MovieIds = ()
    n: Annotated[int, Field(ge=1, le=10, strict=True)] = PICKS

    def narrowed(self) -> Policy:
        """Return the limits of this evening."""
        return self.policy()


class OpenedBody(_Body):
    """A film that was opened from a page."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"movie_id": 1366}]})

    movie_id: MovieId


class Opened(BaseModel):
    """What is remembered of it."""

    movie_id: int
    shown: bool = Field(description="Whether a page of today or yesterday showed the film.")


class MoreOfRow(BaseModel):
    """The next films of a row; null where it has no more."""

    shelf: Shelf | None


class FeedbackList(BaseModel):
    """What a viewer said of films, newest first."""

    items: tuple[OwnFeedback, ...]


class CardList(BaseModel):
    """Films with scores and reasons, best first."""

    items: tuple[Card, ...]


class FilmList(BaseModel):
    """Films."""

    items: tuple[Film, ...]


class RatingList(BaseModel):
    """A viewer's ratings, newest first."""

    items: tuple[OwnRating, ...]


class Health(BaseModel):
    """A sign of life."""

    status: str = Field(examples=["ok"])


class Readiness(BaseModel):
    """Which release answers."""

    status: str = Field(examples=["ready"])
    release: str = Field(examples=["20260115-101500-3f2a9c"])
    data: str = Field(examples=["sample (simulated viewers)"])


class InvalidPart(BaseModel):
    """One part of a request that cannot be used."""

    where: str = Field(examples=["body.value"])
    what: str = Field(examples=["Input should be a multiple of 0.5"])


class ProblemBody(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["urn:matinee:problem:unknown-id"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no movie 999999."])
    instance: str = Field(examples=["/api/movies/999999"])
    request_id: str = Field(examples=["9f86d081884c7d65"])
    hint: str | None = Field(default=None, examples=["Known movie ids run from 1 to 532 (532 of them)."])
    errors: tuple[InvalidPart, ...] | None = None


PROBLEMS = {
    401: "No session, or one that has expired.",
    403: "Somebody else's data, or a request from another site.",
    404: "No such viewer, film, genre or strategy.",
    409: "There is nothing to undo.",
    410: "The list has changed; start again without a cursor.",
    413: "The body is too large.",
    422: "A value that cannot be used.",
    500: "A mistake on our side.",
    503: "A part of the service does not answer; try again.",
}


def answers(example: str | None, *problems: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of what a route answers: an example, and the problems beside 500 and 503.

    Args:
        example: its name in `examples`; None where a success has no body.
        problems: statuses of mistakes.
        status: of a success.
    """
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    described: dict[int | str, dict[str, Any]] = {
        each: {"description": PROBLEMS[each], "content": content} for each in sorted({*problems, 500, 503})
    }
    if example is not None:
        described[status] = {"content": {"application/json": {"example": example}}}
    return described
