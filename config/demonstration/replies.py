"""What the demonstration's desk need not write again: replies by product in both languages, and macros that also reply."""

from typing import Any, NamedTuple

from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from territory.states import ProductFamily
from tickets.models import CannedReply, Macro
from tickets.states import MacroEnd, Priority, ResolutionCode


class Reply(NamedTuple):
    """A canned reply in each language; of no family it suits any ticket."""

    name: str
    nombre: str
    en: str
    es: str
    family: str = ""


REPLIES = (
    Reply(
        "We are looking at it", "Lo estamos mirando",
        "Dear {name},\n\nThank you for telling us. I am looking at it now and will write again today, also if I know no more.\n\n{agent}, {brand}",
        "Hola, {name}:\n\nGracias por avisarnos. Lo estoy mirando y le escribiré hoy de nuevo, aunque no sepa más.\n\n{agent}, {brand}",
    ),
    Reply(
        "When can we call?", "¿Cuándo podemos llamar?",
        "Dear {name},\n\nI would like to speak with you about {number}. On which number, and at what time, may I call?\n\n{agent}, {brand}",
        "Hola, {name}:\n\nQuisiera hablar con usted sobre {number}. ¿A qué número y a qué hora puedo llamar?\n\n{agent}, {brand}",
    ),
    Reply(
        "Restart the modem", "Reiniciar el módem",
        "Dear {name},\n\nPlease pull the power plug of the modem, count to thirty, and put it back. It needs three minutes. Then tell me whether the light marked “online” stays on.\n\n{agent}, {brand}",
        "Hola, {name}:\n\nDesenchufe el módem, cuente hasta treinta y vuelva a enchufarlo. Necesita tres minutos. Después dígame si la luz «online» queda encendida.\n\n{agent}, {brand}",
        ProductFamily.INTERNET,
    ),
    Reply(
        "Slow by Wi-Fi only", "Lento solo por Wi-Fi",
        "Dear {name},\n\nBy cable your line is as fast as it should be, so it is the Wi-Fi. Put the modem in the open, away from the television and the microwave, and try the 5 GHz network.\n\n{agent}, {brand}",
        "Hola, {name}:\n\nPor cable su línea va tan rápido como debe, así que es el Wi-Fi. Ponga el módem a la vista, lejos del televisor y del microondas, y pruebe la red de 5 GHz.\n\n{agent}, {brand}",
        ProductFamily.INTERNET,
    ),
    Reply(
        "No picture: the input", "Sin imagen: la entrada",
        "Dear {name},\n\nPress “Input” or “Source” on the television’s own remote until the picture comes back: mostly it is HDMI 1. If it does not, tell me what you read on the screen.\n\n{agent}, {brand}",
        "Hola, {name}:\n\nPulse «Input» o «Source» en el mando del televisor hasta que vuelva la imagen: casi siempre es HDMI 1. Si no vuelve, dígame qué se lee en la pantalla.\n\n{agent}, {brand}",
        ProductFamily.VIDEO,
    ),
    Reply(
        "No dial tone: another phone", "Sin tono: otro teléfono",
        "Dear {name},\n\nPlease plug another phone straight into the modem, at the jack marked “Tel 1”. If that one has a tone, it is the phone or its cord; if not, we send somebody.\n\n{agent}, {brand}",
        "Hola, {name}:\n\nConecte otro teléfono directamente al módem, en la toma «Tel 1». Si ese tiene tono, es el teléfono o su cable; si no, enviamos a alguien.\n\n{agent}, {brand}",
        ProductFamily.VOICE,
    ),
)  # fmt: skip

MACROS: tuple[dict[str, Any], ...] = (
    {
        "name": "Take it and say so", "takes": True,
        "reply": Texts(
            en="Dear {name},\n\nI have taken this on myself and stay with it until it is done. You need do nothing for now.\n\n{agent}, {brand}",
            es="Hola, {name}:\n\nMe ocupo yo de esto hasta que esté resuelto. Por ahora usted no tiene que hacer nada.\n\n{agent}, {brand}",
        ),
    },
    {
        "name": "Ask what the lights show", "takes": True, "end": MacroEnd.WAIT,
        "reply": Texts(
            en="Dear {name},\n\nWhich lights are on at the modem, and in which color? A photo helps.\n\n{agent}, {brand}",
            es="Hola, {name}:\n\n¿Qué luces están encendidas en el módem, y de qué color? Una foto ayuda.\n\n{agent}, {brand}",
        ),
    },
    {
        "name": "Urgent: somebody depends on it", "takes": True, "priority": Priority.P1,
        "reply": Texts(
            en="Dear {name},\n\nYou depend on this line, so it goes before everything else here. I write again within two hours. In an emergency call 911 from a cell phone.\n\n{agent}, {brand}",
            es="Hola, {name}:\n\nUsted depende de esta línea, así que va antes que todo lo demás. Le escribo de nuevo en dos horas. En una emergencia llame al 911 desde un celular.\n\n{agent}, {brand}",
        ),
    },
    {
        "name": "Works again after a restart", "end": MacroEnd.RESOLVE, "resolution": ResolutionCode.CUSTOMER_SIDE,
        "reply": Texts(
            en="Dear {name},\n\nI am glad that it works again since the restart. If it comes back, write to us once more: {number} is enough.\n\n{agent}, {brand}",
            es="Hola, {name}:\n\nMe alegra que funcione de nuevo después de reiniciar. Si vuelve a pasar, escríbanos otra vez: basta con {number}.\n\n{agent}, {brand}",
        ),
    },
)  # fmt: skip


def load_replies(root: Division) -> None:
    """Make canned replies and macros where there are none."""
    if not CannedReply.objects.exists():
        CannedReply.objects.bulk_create(
            CannedReply(division=root, name=name, language=language, text=text, family=reply.family)
            for reply in REPLIES
            for language, name, text in (("en", reply.name, reply.en), ("es", reply.nombre, reply.es))
        )
    if not Macro.objects.exists():
        for macro in MACROS:
            Macro.objects.create(division=root, **macro)
