"""A tags file as it is written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from twin.live.ensemble.settings import EstimateModel
from twin.measurement import MOST_PIECES
from twin.quantities import Quantity
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.problems import wrong

FORMS = ("opcua", "mqtt", "file")
NAME = r"^[A-Za-z][A-Za-z0-9_.-]{0,79}$"
_RELATIVE = Annotated[float, Quantity("1", ge=0, lt=1)]
_CHANCE = Annotated[float, Quantity("1", ge=0, lt=1)]


def _as_text(value: object) -> object:
    """A bare number of what has no unit."""
    return repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


Written = Annotated[Text, BeforeValidator(_as_text)]


class ErrorModel(Model):
    """The parts of an error, which add as squares."""

    absolute: Written | None = None
    relative: _RELATIVE = 0.0
    pieces: Annotated[StrictInt, Field(ge=0, le=MOST_PIECES)] = 0


class TagModel(Model):
    """A signal of the plant: which quantity it shows, in which unit, how well."""

    quantity: Text | None = Field(default=None, description="What the signal shows, by the name that quantities have everywhere, e.g. level.yard.")
    input: Text | None = Field(
        default=None,
        description="Instead of a quantity: a feed or a product, each reading being a truck and its mass, or a machine, 1 when it stops and 0 when it goes on.",
    )
    copy_number: Annotated[StrictInt, Field(ge=1)] = Field(default=1, alias="copy", description="Which copy of a machine the input is of.")
    unit: Text = Field(default="1", description="The unit in which the signal's numbers are, e.g. t or t/h.")
    error: ErrorModel | Written | None = Field(default=None, description="Standard deviation of a reading: '50 kg', or '3 %' of the value.")
    bias: Written | None = Field(default=None, description="Standard deviation of what is believed of the offset that all readings share.")
    delay: Annotated[float, Quantity("s", ge=0)] = Field(default=0.0, description="How old the truth is that a reading shows.")
    every: Annotated[float, Quantity("s", gt=0)] | None = Field(default=None, description="How often the signal comes; a mean is that of the time since.")
    over: Literal["mean", "sum", "instant"] | None = Field(default=None, description="What a reading is of; by default what the quantity is.")
    resolution: Written | None = Field(default=None, description="Step of the display.")
    gaps: _CHANCE = Field(default=0.0, description="Chance that a reading is missing.")
    source: Text | None = Field(default=None, description="Name of a source; it may be left out where there is one only.")
    address: Text | None = Field(default=None, description="Where the source has it: node, topic or column; by default the signal's name.")
    use: StrictBool = Field(default=True, description="False: it is recorded, and nothing is concluded from it.")

    @model_validator(mode="after")
    def _one_subject(self) -> TagModel:
        if (self.quantity is None) == (self.input is None):
            raise wrong("a signal shows a 'quantity' or tells of an 'input': exactly one of them is needed")
        return self


class FieldsModel(Model):
    """What the parts of a message are called, where it is JSON."""

    time: Text = "time"
    value: Text = "value"
    good: Text = "good"
    sequence: Text = "sequence"


class SourceModel(Model):
    """Where signals come from: exactly one of ``opcua``, ``mqtt`` and ``file``."""

    opcua: Text | None = Field(default=None, description="Address of an OPC UA server, e.g. opc.tcp://plant:4840/line.")
    mqtt: Text | None = Field(default=None, description="Address of an MQTT broker, e.g. mqtt://plant:1883.")
    file: Text | None = Field(default=None, description="A CSV file that grows, beside the tags file.")
    certificate: Text | None = Field(default=None, description="The twin's own certificate (OPC UA, .der).")
    private_key: Text | None = Field(default=None, description="The key of that certificate.")
    server_certificate: Text | None = Field(default=None, description="The certificate that the server must show (OPC UA); the authority of a broker (MQTT).")
    policy: Literal["none", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] = Field(default="none", description="Security policy of OPC UA.")
    user: Text | None = Field(default=None, description="Name to log in with.")
    password_from: Text | None = Field(default=None, description="Environment variable that holds the password.")
    history: StrictBool = Field(default=True, description="Whether to ask an OPC UA server for what was missed.")
    fields: FieldsModel = Field(default_factory=FieldsModel, description="Parts of an MQTT message.")
    queue: Annotated[StrictInt, Field(ge=100, le=10_000_000)] = Field(
        default=50_000, description="Readings held until they are stored; more are lost, and told."
    )

    @model_validator(mode="after")
    def _one_form(self) -> SourceModel:
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise wrong(f"exactly one of {', '.join(FORMS)} is needed (got {', '.join(given) or 'none'})")
        if self.policy != "none" and (self.opcua is None or self.certificate is None or self.private_key is None):
            raise wrong("a security policy is of OPC UA and needs 'certificate' and 'private_key'")
        if (self.user is None) != (self.password_from is None):
            raise wrong("'user' and 'password_from' belong together")
        return self


class PlantModel(Model):
    """Which scenario the plant is, and the time of its clock that is the scenario's start."""

    scenario: Text
    start: Text | None = Field(default=None, description="Date and time with offset, e.g. 2026-01-05T06:00+01:00; by default the scenario's start, in UTC.")


class TagsModel(Model):
    """A tags file."""

    live: Literal[1]
    title: Text = ""
    plant: PlantModel
    sources: dict[Annotated[str, Field(pattern=NAME)], SourceModel] = Field(default_factory=dict)
    tags: dict[str, TagModel]
    estimate: EstimateModel = Field(default_factory=EstimateModel, description="How the twin finds where the plant stands.")


def tags_schema() -> dict[str, Any]:
    """Return the JSON Schema of a tags file."""
    schema = TagsModel.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "twin tags"}
