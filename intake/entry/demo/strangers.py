"""Mails of the demo that are none of our business. The Chinese here is what senders write."""

from __future__ import annotations

from intake.entry.demo.documents import docx
from intake.entry.demo.mails import COREMAIL, File, Mail
from intake.entry.demo.samples import arrives


@arrives("06-03 15:40")
def advertisement() -> Mail:
    """A stranger's advertisement."""
    text = "尊敬的领导：\n    我公司专业代理高新技术企业认定、专利申请，通过率高，先服务后收费。详情见附件。\n"
    files = [File("服务报价单.docx", docx("高企认定服务报价单", ["基础套餐：9800元", "尊享套餐：19800元"]))]
    return Mail(("科创咨询小刘", "liu2024@consulting.example.com"), "高新技术企业认定一站式服务", text, files)


@arrives("06-04 16:00")
def automatic_reply() -> Mail:
    """An automatic reply."""
    text = "您好，我正在外地出差，邮件将于返回后回复。\n"
    extra = ("Auto-Submitted: auto-replied",)
    sender = ("兖州区科技局", "kjj@yanzhou.example.gov.cn")
    return Mail(sender, "自动回复：关于举办2024年济宁市科技活动周的通知", text, program=COREMAIL, extra=extra)


@arrives("06-05 15:10")
def bounce() -> Mail:
    """A bounce that does not say so in any standard way."""
    text = "很抱歉，您发往 kjj@old.example.gov.cn 的邮件被退回：收件人不存在。\n"
    sender = ("postmaster", "postmaster@mail.example.com")
    return Mail(sender, "来自postmaster@mail.example.com的退信", text, extra=("Return-Path: <>",))


@arrives("06-06 10:30")
def unrelated() -> Mail:
    """A known unit writes about something else."""
    files = [File("参训人员回执.docx", docx("技术经纪人培训班参训回执", ["姓名：张敏", "职务：科员"]))]
    sender = ("兖州区科技局", "kjj@yanzhou.example.gov.cn")
    return Mail(sender, "技术经纪人培训班回执", "参训人员回执见附件。\n", files, program=COREMAIL)
