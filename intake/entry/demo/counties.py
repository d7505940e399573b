"""Mails of the demo that county offices send about the notice. The Chinese here is what senders write."""

from __future__ import annotations

from dataclasses import replace

from intake.entry.demo import media
from intake.entry.demo.documents import locked_office
from intake.entry.demo.mails import COREMAIL, FOXMAIL, OLD, File, Mail
from intake.entry.demo.samples import arrives, photos, report, video

_RENCHENG = ("任城区科技局", "kjj@rencheng.example.gov.cn")
_WEISHAN = ("微山县科技局", "kjj@weishan.example.gov.cn")
_WENSHANG = ("汶上县科技局办公室", "kjj@wenshang.example.gov.cn")
_SISHUI = ("泗水县科技局", "kjj@sishui.example.gov.cn")
_PLEASE = "市科技局人才科：\n    现将我单位2024年科技活动周总结材料报上，请查收。\n"


@arrives("04-18 10:05")
def before_the_notice() -> Mail:
    """A mail from before the notice: counted and left alone."""
    return Mail(_RENCHENG, "任城区科技人才工作一季度小结", "请查收。", [report("任城区", "一季度小结.docx")])


@arrives("05-27 09:10")
def question() -> Mail:
    """A known unit asks something and attaches nothing."""
    text = "老师您好：\n    请问科技活动周的影像资料用手机横屏拍摄是否可以？有没有分辨率要求？谢谢！\n"
    return Mail(_SISHUI, "咨询科技活动周总结材料报送事宜", text)


@arrives("06-03 09:05")
def three_mails_report() -> Mail:
    """The first of three mails: the report."""
    return Mail(_WENSHANG, "汶上县科技活动周总结报告", _PLEASE + "    照片和视频随后报送。\n", [report("汶上县")])


@arrives("06-04 10:20")
def complete() -> Mail:
    """Report, two photos and a video of 2:45 in one mail."""
    files = [report("任城区"), *photos("启动仪式.jpg", "科普进校园.jpg"), video("任城区科技活动周.mp4", 165)]
    return Mail(_RENCHENG, "任城区2024年科技活动周总结材料", _PLEASE, files, program=COREMAIL)


@arrives("06-04 11:02")
def three_mails_photos() -> Mail:
    """The second of three mails: two photos."""
    files = photos("汶上县活动照片1.jpg", "汶上县活动照片2.jpg")
    return Mail(_WENSHANG, "补充：汶上县科技活动周照片", "补充报送照片2张，请查收。", files)


@arrives("06-04 14:30")
def video_too_long() -> Mail:
    """Report and photo as asked, but a video of 3:42."""
    files = [report("微山县"), *photos("微山湖科普行.jpg"), video("微山湖科普行.mp4", 222)]
    return Mail(_WEISHAN, "微山县2024年科技活动周总结材料", _PLEASE, files, program=FOXMAIL)


@arrives("06-05 08:50")
def three_mails_video() -> Mail:
    """The last of three mails: the video."""
    text = "补充报送影像资料，时长1分40秒，请查收。"
    return Mail(_WENSHANG, "汶上县科技活动周视频", text, [video("汶上县科技活动周.mp4", 100)])


@arrives("06-05 09:30")
def no_photos() -> Mail:
    """Report and video, no photo; the roster knows the domain."""
    files = [report("曲阜市"), video("曲阜市科技活动周.mp4", 150)]
    return Mail(("孔庆祥", "kongqx@qufu.example.gov.cn"), "曲阜市科技活动周总结材料", _PLEASE, files)


@arrives("06-05 10:15")
def damaged_files() -> Mail:
    """A report and a video, both cut off in uploading, and no photo: nothing can be used."""
    whole, film = report("邹城市"), video("邹城市科技活动周.mp4", 120)
    files = [replace(each, octets=media.truncated(each.octets)) for each in (whole, film)]
    return Mail(("邹城市科技局", "kjj@zoucheng.example.gov.cn"), "邹城市科技活动周总结材料", _PLEASE, files)


@arrives("06-05 11:00")
def locked_report() -> Mail:
    """The report has a password; a photo as png, the video as avi."""
    locked = File("鱼台县2024年科技活动周总结报告.docx", locked_office())
    files = [locked, *photos("水稻田间课堂.png"), video("鱼台县科技活动周.avi", 130)]
    return Mail(("鱼台县科技局", "kjj@yutai.example.gov.cn"), "鱼台县科技活动周总结材料", _PLEASE, files)


@arrives("06-05 14:20")
def private_address() -> Mail:
    """Everything that is asked for, from a private address nobody knows."""
    text = "老师好，这是金乡县科技局的科技活动周总结材料，单位邮箱发不出去，用个人邮箱报送。\n金乡县科技局 王晓\n"
    files = [report("金乡县"), *photos("大蒜科技服务.jpg"), video("金乡县科技活动周.mp4", 140)]
    return Mail(("晓看天色", "305600123@qq.example.com"), "金乡县科技活动周总结材料", text, files)


@arrives("06-05 16:45")
def header_says_too_little() -> Mail:
    """The video's header says 1:00, its pictures last 3:42."""
    film = video("嘉祥县科技活动周.mp4", 222)
    files = [report("嘉祥县"), *photos("石雕文化与科技.jpg"), replace(film, octets=media.lying_header(film.octets, 60))]
    return Mail(("嘉祥县科技局", "kjj@jiaxiang.example.gov.cn"), "嘉祥县科技活动周总结材料", _PLEASE, files)


@arrives("06-06 09:00")
def header_says_too_much() -> Mail:
    """The video's header says one hour, its pictures last 1:40."""
    film = video("泗水县科技活动周.mp4", 100)
    files = [report("泗水县"), *photos("泉林科普基地.jpg"), replace(film, octets=media.lying_header(film.octets, 3600))]
    return Mail(_SISHUI, "泗水县科技活动周总结材料", _PLEASE, files)


@arrives("06-06 11:20")
def raw_gbk() -> Mail:
    """An old mail program: names in raw GBK, labelled gb2312, with 镕, 喆 and 〇; the video as mov."""
    subject = "梁山县二〇二四年科技活动周总结材料（联系人：李镕喆）"
    files = [
        report("梁山县", "梁山县科技活动周总结报告（李镕喆）.docx"),
        *photos("水泊梁山科普行·吴喆.jpg"),
        video("梁山县二〇二四年科技活动周.mov", 155),
    ]
    return Mail(("梁山县科技局李镕喆", "kjj@liangshan.example.gov.cn"), subject, _PLEASE, files, program=OLD)


@arrives("06-06 15:00")
def shorter_video() -> Mail:
    """The same video once more, cut to 2:50 as our letter asked."""
    text = "已将视频剪辑至3分钟以内，重新报送，请查收。"
    files = [video("微山湖科普行（修改）.mp4", 170)]
    return Mail(_WEISHAN, "微山县科技活动周视频（修改后）", text, files, program=FOXMAIL)


@arrives("06-07 09:40")
def same_files_again() -> Mail:
    """The same files as three days before, to be on the safe side."""
    return replace(complete(), subject="再次报送：任城区2024年科技活动周总结材料")


@arrives("06-07 10:10")
def two_units() -> Mail:
    """From one unit's address, about another unit."""
    files = [report("太白湖新区"), *photos("太白湖科普市集.jpg")]
    return Mail(("高新区科创局", "kcj@gxq.example.gov.cn"), "太白湖新区科技活动周总结材料", _PLEASE, files)


@arrives("06-07 14:30")
def oversized_attachment() -> Mail:
    """The video is only a link to an oversized attachment."""
    plain = _PLEASE + (
        "\n从QQ邮箱发来的超大附件\n\n太白湖新区科技活动周.mp4 (186.40M, 2024年07月07日 14:28 到期)"
        "进入下载页面：https://wx.mail.qq.com/ftn/download?func=3&key=0f0e0d0c0b0a&code=a1b2c3d4\n"
    )
    html = (
        "<div>现将我单位2024年科技活动周总结材料报上，请查收。</div>"
        '<div id="QQMailBigAttach"><div>从QQ邮箱发来的超大附件</div><div class="bigatt_bt"'
        ' title="太白湖新区科技活动周.mp4&#10;&#13;文件大小：186.40M&#10;&#13;到期时间：2024年07月07日 14:28">'
        '<a href="https://wx.mail.qq.com/ftn/download?func=3&amp;key=0f0e0d0c0b0a&amp;code=a1b2c3d4">下载</a></div></div>'
    )
    files = [report("太白湖新区"), *photos("太白湖科普市集.jpg")]
    sender = ("太白湖新区经发局", "jfj@taibaihu.example.gov.cn")
    return Mail(sender, "太白湖新区科技活动周总结材料", plain, files, html=html)


@arrives("06-07 17:00")
def logo_in_signature() -> Mail:
    """From an address nobody knows, a logo in its signature; the video as mkv."""
    logo = File("image001.png", media.png(120, 40), content_id="image001.png@01DAB8F0.2C7A51E0")
    html = (
        "<p>现报送济宁经开区科技活动周总结材料，请查收。</p><p>济宁经开区创新创业服务中心</p>"
        '<p><img src="cid:image001.png@01DAB8F0.2C7A51E0"></p>'
    )
    text = "现报送济宁经开区科技活动周总结材料，请查收。\n济宁经开区创新创业服务中心\n"
    files = [logo, report("济宁经开区"), *photos("创客集市.jpg"), video("济宁经开区科技活动周.mkv", 160)]
    sender = ("经开区双创中心", "jkqscfw@163.example.com")
    return Mail(sender, "济宁经开区科技活动周总结材料", text, files, html=html)


@arrives("06-11 22:50")
def newer_video() -> Mail:
    """An hour before the deadline: a better video instead of the one that counted."""
    files = [video("任城区科技活动周（最终版）.mp4", 178)]
    return Mail(_RENCHENG, "任城区科技活动周视频（以此为准）", "视频有更新，以本次报送为准。", files, program=COREMAIL)


@arrives("06-12 07:45")
def late() -> Mail:
    """Everything that is asked for, a day late."""
    files = [report("兖州区"), *photos("兴隆塔下话科技.jpg"), video("兖州区科技活动周.mp4", 175)]
    sender = ("兖州区科技局", "kjj@yanzhou.example.gov.cn")
    return Mail(sender, "兖州区科技活动周总结材料", _PLEASE + "    报送较晚，敬请谅解。\n", files)
