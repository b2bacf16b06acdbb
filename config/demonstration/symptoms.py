"""The demonstration's symptom trees: what customers notice, what is asked, and where each answer leads."""

from typing import NamedTuple

from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from territory.states import ProductFamily
from tickets.models import Choice, Step, Symptom
from tickets.states import Ending, Priority, StepKind


class Answer(NamedTuple):
    """An answer, and the step or the ending that it leads to."""

    code: str
    en: str
    es: str
    leads_to: str = ""
    advice: Texts = Texts()  # never changed
    priority: str = ""


class Question(NamedTuple):
    """A step of a tree."""

    code: str
    en: str
    es: str
    answers: tuple[Answer, ...]
    kind: StepKind = StepKind.QUESTION


class Tree(NamedTuple):
    """A symptom, and what is asked about it in which order."""

    code: str
    family: ProductFamily
    en: str
    es: str
    steps: tuple[Question, ...]
    parent: str = ""
    priority: Priority = Priority.P3


REBOOT = Texts(
    en="Pull the power plug of the modem, count to thirty, and put it back. It needs three minutes.",
    es="Desenchufe el módem, cuente hasta treinta y vuelva a enchufarlo. Necesita tres minutos.",
)
CABLES = Texts(
    en="Screw every cable finger-tight, at the modem and at the wall.",
    es="Apriete a mano cada cable, en el módem y en la pared.",
)


def _modem(*, weak: str, good: str) -> Question:
    return Question(
        "modem", "What does the modem say?", "¿Qué dice el módem?",
        (
            Answer("offline", "It is not connected", "No está conectado", Ending.VISIT, priority=Priority.P2),
            Answer("weak", "It has a bad signal", "Tiene mala señal", weak, CABLES),
            Answer("good", "It has a good signal", "Tiene buena señal", good, REBOOT),
            Answer("unknown", "It cannot be read", "No se puede leer", "restart", REBOOT),
        ),
        StepKind.READING,
    )  # fmt: skip


RESTART = Question(
    "restart", "Does it work after the modem was restarted?", "¿Funciona después de reiniciar el módem?",
    (
        Answer("yes", "Yes, it works again", "Sí, funciona otra vez", Ending.FIXED),
        Answer("no", "No", "No", Ending.REMOTE),
        Answer("cannot", "I cannot restart it", "No puedo reiniciarlo", Ending.REMOTE),
    ),
)  # fmt: skip
TIGHT = Question(
    "cables", "Are the cables tight?", "¿Están apretados los cables?",
    (
        Answer("now_works", "They were loose; it works now", "Estaban flojos; ahora funciona", Ending.FIXED),
        Answer("tight", "They are tight", "Están apretados", Ending.VISIT),
    ),
)  # fmt: skip

TREES = (
    Tree(
        "internet-none", ProductFamily.INTERNET, "No internet at all", "No hay Internet",
        (
            Question(
                "lights", "Are any lights on at the modem?", "¿Hay luces encendidas en el módem?",
                (
                    Answer("on", "Yes", "Sí", "modem"),
                    Answer("off", "No, it is dark", "No, está apagado", "power"),
                ),
            ),
            Question(
                "power", "Does another device work at the same outlet?", "¿Funciona otro aparato en el mismo enchufe?",
                (
                    Answer("yes", "Yes", "Sí", Ending.VISIT),
                    Answer("no", "No", "No", Ending.REMOTE, Texts(
                        en="Try another outlet: this one has no power.", es="Pruebe otro enchufe: este no tiene corriente.",
                    )),
                ),
            ),
            _modem(weak="cables", good="restart"),
            TIGHT,
            RESTART,
        ),
        priority=Priority.P2,
    ),
    Tree(
        "internet-slow", ProductFamily.INTERNET, "Internet is slow", "Internet va lento",
        (
            Question(
                "wired", "Is it slow by cable, too?", "¿También va lento por cable?",
                (
                    Answer("yes", "Yes", "Sí", "modem"),
                    Answer("no", "Only by Wi-Fi", "Solo por Wi-Fi", "restart", REBOOT),
                    Answer("unknown", "I cannot try", "No puedo probarlo", "modem"),
                ),
            ),
            _modem(weak="cables", good="restart"),
            TIGHT,
            RESTART,
        ),
    ),
    Tree(
        "internet-evenings", ProductFamily.INTERNET, "Only in the evenings", "Solo por las noches",
        (_modem(weak="cables", good=Ending.REMOTE), TIGHT, RESTART),
        parent="internet-slow",
    ),
    Tree(
        "tv-no-picture", ProductFamily.VIDEO, "No picture", "No hay imagen",
        (
            Question(
                "every_set", "Is it so on every television?", "¿Pasa en todos los televisores?",
                (
                    Answer("one", "On one", "En uno", "input"),
                    Answer("all", "On all", "En todos", "modem"),
                ),
            ),
            Question(
                "input", "Is the right input chosen on the television?", "¿Está elegida la entrada correcta?",
                (
                    Answer("now_works", "It was not; it works now", "No lo estaba; ahora funciona", Ending.FIXED),
                    Answer("right", "It is", "Sí", Ending.VISIT),
                ),
            ),
            _modem(weak="cables", good="restart"),
            TIGHT,
            RESTART,
        ),
    ),
    Tree(
        "phone-no-tone", ProductFamily.VOICE, "No dial tone", "No hay tono",
        (
            Question(
                "emergency", "Does anybody there depend on this phone in an emergency?",
                "¿Alguien depende de este teléfono en una emergencia?",
                (
                    Answer("yes", "Yes", "Sí", "modem", priority=Priority.P1),
                    Answer("no", "No", "No", "modem"),
                ),
            ),
            _modem(weak="cables", good="restart"),
            TIGHT,
            RESTART,
        ),
        priority=Priority.P2,
    ),
)  # fmt: skip


def load_symptoms(root: Division) -> None:
    """Make the trees that are missing; what an operator has changed stays as it is."""
    for position, tree in enumerate(TREES):
        parent = Symptom.objects.filter(code=tree.parent).first() if tree.parent else None
        symptom, is_new = Symptom.objects.get_or_create(
            code=tree.code,
            defaults={
                "division": root, "family": tree.family, "parent": parent, "position": position,
                "names": Texts(en=tree.en, es=tree.es), "priority": tree.priority,
            },
        )  # fmt: skip
        if is_new:
            _grow(symptom, tree)


def _grow(symptom: Symptom, tree: Tree) -> None:
    steps = {
        question.code: Step.objects.create(
            symptom=symptom,
            position=position,
            code=question.code,
            kind=question.kind,
            texts=Texts(en=question.en, es=question.es),
        )
        for position, question in enumerate(tree.steps, start=1)
    }
    for question in tree.steps:
        for position, answer in enumerate(question.answers):
            following = steps.get(answer.leads_to)
            Choice.objects.create(
                step=steps[question.code],
                position=position,
                code=answer.code,
                texts=Texts(en=answer.en, es=answer.es),
                advice=answer.advice,
                next_step=following,
                ending="" if following else answer.leads_to,
                priority=answer.priority,
            )
