"""Reasons: answers that are no answer, and why, in three languages."""

from __future__ import annotations

from collections.abc import Mapping

from satloyal.survey.labels.normal import normalise

__all__ = ["is_contested", "known_reasons", "reason_of"]

# "Not applicable" counts as don't know: the respondent saw the question and had no answer on its scale.
_REASONS: Mapping[str, tuple[str, ...]] = {
    "dont_know": (
        *("don't know", "dont know", "do not know", "i don't know", "i do not know", "dk", "not sure"),
        *("unsure", "i'm not sure", "can't say", "cannot say", "hard to say", "don't know / not sure"),
        *("don't know/not sure", "don't know / no answer", "don't know/no answer", "no basis for evaluation"),
        *("unable to judge", "unable to rate", "can't rate", "cannot rate"),
        *("n/a", "n.a", "not applicable", "does not apply", "doesn't apply", "inapplicable"),
        *("don't know/not applicable", "don't know / not applicable", "not applicable (n/a)"),
        *("不清楚", "不知道", "说不清", "说不清楚", "不了解", "不好说", "难以判断", "无法判断", "无法评价"),
        *("不适用", "不详", "說不清", "說不清楚", "不瞭解", "不好說", "難以判斷", "無法判斷", "無法評價"),
        *("不適用", "不詳", "不知道/不清楚", "不知道/拒答"),
    ),
    "refused": (
        *("prefer not to say", "prefer not to answer", "i prefer not to say", "i'd rather not say"),
        *(
            "rather not say",
            "refused",
            "refuse to answer",
            "refused to answer",
            "refusal",
            "decline to answer",
        ),
        *("declined to answer", "declined", "no answer given"),
        *("拒答", "拒绝回答", "不愿回答", "不愿意回答", "不便回答", "不想回答", "不愿透露", "保密"),
        *("拒絕回答", "不願回答", "不願意回答", "不願透露", "不便透露"),
    ),
    "skipped": (
        *("no answer", "not answered", "no response", "skipped", "unanswered", "missing", "left blank"),
        *("(空)", "未回答", "无回答", "未答", "未作答", "未填", "無回答", "漏答"),
    ),
    "not_shown": (
        *(
            "not shown",
            "not asked",
            "not displayed",
            "not seen",
            "(跳过)",
            "(跳過)",
            "未显示",
            "未顯示",
            "未询问",
        ),
        *("未詢問", "跳过", "跳過"),
    ),
}
_BY_TEXT = {normalise(text): reason for reason, texts in _REASONS.items() for text in texts}

# A point of some scales, and no answer beside others: only a scale that names it says which.
_CONTESTED = frozenset(
    map(
        normalise,
        (
            *(
                "no opinion",
                "no opinion / neutral",
                "undecided",
                "uncertain",
                "no preference",
                "not relevant",
            ),
            *(
                "没意见",
                "没有意见",
                "无意见",
                "沒意見",
                "沒有意見",
                "無意見",
                "不确定",
                "不確定",
                "无所谓",
                "無所謂",
            ),
        ),
    )
)


def reason_of(text: str) -> str | None:
    """Return why a cell holds no answer: ``"dont_know"``, ``"refused"``, ``"skipped"``, ``"not_shown"``.

    ``None`` for everything else, and for what is an answer on some scales and none on others
    (:func:`is_contested`).

    Examples
    --------
    >>> reason_of("Don’t know"), reason_of("拒答"), reason_of("N/A"), reason_of("No opinion")
    ('dont_know', 'refused', 'dont_know', None)
    """
    return _BY_TEXT.get(normalise(text))


def is_contested(text: str) -> bool:
    """Return whether a text is the middle of some scales and a missing answer beside others.

    Examples
    --------
    >>> is_contested("No opinion"), is_contested("沒意見"), is_contested("Don't know")
    (True, True, False)
    """
    return normalise(text) in _CONTESTED


def known_reasons() -> Mapping[str, str]:
    """Return the reason of every known text, normalised.

    Examples
    --------
    >>> known_reasons()["不清楚"]
    'dont_know'
    """
    return dict(_BY_TEXT)
