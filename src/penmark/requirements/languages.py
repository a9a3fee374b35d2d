"""In which language a text is to be written.

A language is told by its script where it has one of its own, among those that share a script by letters that only one
of them has or by its commonest words. Enough to tell whether a text is in the language that was asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from penmark.requirements.finding import Finding, yes_or_no
from penmark.requirements.found import Found, found

NAMES = {
    "arabic": "ar",
    "bengali": "bn",
    "bulgarian": "bg",
    "chinese": "zh",
    "mandarin": "zh",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "gujarati": "gu",
    "hebrew": "he",
    "hindi": "hi",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "kannada": "kn",
    "korean": "ko",
    "malayalam": "ml",
    "marathi": "mr",
    "nepali": "ne",
    "persian": "fa",
    "farsi": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "punjabi": "pa",
    "russian": "ru",
    "spanish": "es",
    "swahili": "sw",
    "swedish": "sv",
    "tamil": "ta",
    "telugu": "te",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "urdu": "ur",
    "vietnamese": "vi",
}
ZH_NAMES = {
    "英文": "en",
    "英语": "en",
    "中文": "zh",
    "汉语": "zh",
    "法语": "fr",
    "法文": "fr",
    "德语": "de",
    "德文": "de",
    "日语": "ja",
    "日文": "ja",
    "俄语": "ru",
    "西班牙语": "es",
    "韩语": "ko",
    "意大利语": "it",
    "葡萄牙语": "pt",
    "阿拉伯语": "ar",
}
_NAME = "|".join(NAMES)
_EN = (
    re.compile(
        rf"\b(?:only|entirely|fully|completely|wholly|just)\s+(?:(?:be\s+)?(?:in|using|use)"
        rf"\s+)?(?:the\s+)?(?P<name>{_NAME})\b|"
        rf"\b(?:in|using|use)\s+(?:only\s+)?(?:the\s+)?(?P<name2>{_NAME})"
        rf"\b(?:\s+language)?[^.\n]{{0,20}}?\b(?:no other language|only|language is allowed)|"
        rf"\b(?:outside of|except|but|than) (?P<name4>{_NAME})\b[^.\n]{{0,12}}\bno other language|"
        rf"\b(?:answer|respond|reply|write|written|response|essay|letter|output|text|be)"
        rf"\b[^.\n\"]{{0,40}}?\bin\s+(?:the\s+)?(?P<name3>{_NAME})\b(?!\s+(?:class|language class|"
        rf"course|literature|nation|history|translation|econom))",
        re.I,
    ),
)
_ZH = re.compile(
    rf"(?:用|以|使用)(?:纯|全)?(?P<name>{'|'.join(ZH_NAMES)})(?:来)?(?:写|撰写|书写|回答|作答|创作|完成|输出|表达)"
)

# Scripts that decide by themselves; of those that several languages share, the others come below.
SCRIPTS = (
    ("kana", re.compile("[\u3041-\u30fa]")),
    ("hangul", re.compile("[\uac00-\ud7a3]")),
    ("han", re.compile("[\u4e00-\u9fff]")),
    ("deva", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("pa", re.compile("[\u0a00-\u0a7f]")),
    ("gu", re.compile("[\u0a80-\u0aff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
    ("te", re.compile("[\u0c00-\u0c7f]")),
    ("kn", re.compile("[\u0c80-\u0cff]")),
    ("ml", re.compile("[\u0d00-\u0d7f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("arab", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("cyrl", re.compile("[\u0400-\u04ff]")),
    ("latn", re.compile("[A-Za-z\u00c0-\u024f\u1ea0-\u1eff]")),
)
# Languages of a shared script: the commonest words of each, and letters that count as one of its words.
COMMON_WORDS: Mapping[str, Mapping[str, str]] = {
    "deva": {
        "hi": "है के में की से को का और हैं पर यह नहीं",
        "mr": "आहे आणि च्या मध्ये हे ते आहेत नाही या ला",
        "ne": "छ र को मा लाई हो छन् पनि यो गर्न",
    },
    "arab": {
        "ar": "في من على أن إلى هذا التي عن مع كان هو",
        "fa": "و در به از که این را با است برای می",
        "ur": "کے میں ہے کی اور سے کا کو نے ہیں",
    },
    "cyrl": {
        "ru": "и в не на что с это как но по мы ы",
        "bg": "и на да се за от са е ще че със ъ",
        "uk": "і в не на що з це як та є ї",
    },
    "latn": {
        "en": "the of and to in is that it for was with as",
        "de": "der die und das ist nicht ein zu den mit sich auf",
        "fr": "le la les et des est une dans que pour pas du",
        "es": "el la que y los en un por con una para del",
        "it": "il di che è la un per non sono della con gli",
        "pt": "o que e do da em um para não uma os com",
        "nl": "de het een en van is dat niet te zijn op met",
        "fi": "ja on ei että se oli mutta myös kun ovat hän voi",
        "sv": "och att det som är en på för inte med av den",
        "sw": "na ya wa kwa ni katika za la kuwa hii kama yake",
        "tr": "ve bir bu da için ile çok olarak ne gibi daha olan",
        "pl": "i w nie na się że z do to jest jak o",
        "id": "yang dan di untuk dengan ini dari adalah tidak itu pada dalam",
        "vi": "của và là có không được cho một người các đã này",
    },
}


def find_language(query: str) -> Iterator[Found]:
    """The demand for a language; the first that is named."""
    for pattern in _EN:
        match = pattern.search(query)
        if match:
            name = next(value for value in match.groupdict().values() if value)
            yield found("style", "language", {"language": NAMES[name.lower()]}, match)
            return
    match = _ZH.search(query)
    if match:
        yield found("style", "language", {"language": ZH_NAMES[match["name"]]}, match)


def language_of(text: str) -> str:
    """Two-letter code of the language most of the text is in; "" where it cannot be told."""
    counts = {name: len(pattern.findall(text)) for name, pattern in SCRIPTS}
    # A Han or kana character says as much as a few Latin letters.
    weighed = {name: count * (3 if name in ("han", "kana", "hangul") else 1) for name, count in counts.items()}
    script = max(weighed, key=lambda name: weighed[name])
    if not weighed[script]:
        return ""
    if script in ("han", "kana"):
        return "ja" if counts["kana"] > 0.1 * counts["han"] else "zh"
    if script == "hangul":
        return "ko"
    return _by_common_words(text, COMMON_WORDS[script]) if script in COMMON_WORDS else script


def _by_common_words(text: str, languages: Mapping[str, str]) -> str:
    words = Counter(re.findall(r"[^\W\d_]+(?:[\u0900-\u097f]+)*", text.casefold()))
    tokens = Counter(text.casefold().split())
    scores = {code: sum(max(words[w], tokens[w]) for w in common.split()) for code, common in languages.items()}
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] else ""


def check_language(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether most of the text is in the language."""
    wanted, measured = str(arguments["language"]), language_of(text)
    return yes_or_no(
        measured == wanted, f"the text is in {measured or 'no language that can be told'}; wanted {wanted}", measured
    )
