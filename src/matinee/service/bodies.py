"""What the API takes and gives beside the words of `answers`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from matinee.service.access import LARGEST_ID
from matinee.service.answers import Card, Film, OwnRating
from matinee.service.use_cases import NAME_LENGTH

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
