"""Texts to make mirrored pairs from: for each task three English or Chinese ones of about the same length."""

from __future__ import annotations

from penmark.build.texts import Text

EN = (
    "Foxes run across the frozen river. They hunt mice under deep snow. Every winter brings new hunger to all.\n\n"
    "- A fox hears well.\n- A fox waits long.\n\nNobody knows where they sleep; hunters guess; why? "
    "Could one find it?",
    "# Owls\n\nOwls glide over silent meadows at night! Their feathers muffle every sound they make! Farmers "
    "love owls, since rats fear them (much).\n\n"
    "An owl turns its head far around (farther than you). It sees well in moonlight.",
    "Rain fell on the village for seven days. The miller counted his sacks and **sighed** loudly. His daughter laughed "
    "at the flood! She built a raft — and sailed — alone. What else could anybody do? The harvest was lost anyway, "
    "said some.",
)
ZH = (
    "狐狸在结冰的河面上奔跑。它们在厚厚的积雪下寻找田鼠！每年冬天都会带来新的饥饿。\n\n"
    "猎人说：狐狸听得很清楚。没有人知道它们睡在哪里？大家只好猜测。",
    "# 猫头鹰\n\n猫头鹰夜里滑过寂静的草地。羽毛遮住了所有声音；农民喜欢它们，因为老鼠害怕。\n\n"
    "它的头可以转得很远，月光下看得清楚、明白。",
    "大雨在村庄里下了整整七天。磨坊主数着粮袋叹气，“收成完了”。女儿却对着洪水大笑！"
    "她用木桶造了一只筏子，扬帆远去。别人还能做什么呢？",
)


def some_texts(tasks: int = 6) -> list[Text]:
    """Three texts to each of so many tasks in both languages; those of different tasks end differently."""
    return [
        Text(
            task=f"{language}{task}",
            prompt=prompt,
            writer=f"w{at}",
            text=f"{text} {end * (task + 1)}",
            language=language,
        )
        for task in range(tasks)
        for language, prompt, texts, end in (
            ("en", f"Write about animals, number {task}.", EN, " Away."),
            ("zh", f"写一写动物，第{task}号。", ZH, "远去。"),
        )
        for at, text in enumerate(texts)
    ]
