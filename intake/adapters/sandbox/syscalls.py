"""What a child that works on a foreign file has no business to ask of the kernel: system calls by number.

Numbers are those of the kernel's own tables (asm/unistd_64.h; asm-generic/unistd.h, which is aarch64's). None: that
machine never had the call.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Numbers(NamedTuple):
    """One system call on both machines."""

    x86_64: int | None
    aarch64: int | None


class Machine(NamedTuple):
    """AUDIT_ARCH_* of linux/audit.h, the column of the tables, and the first number of another ABI, if there is one."""

    audit: int
    column: int
    foreign_abi: int | None


MACHINES: Final = {
    "x86_64": Machine(0xC000_003E, 0, 0x4000_0000),  # x32 lives above
    "aarch64": Machine(0xC000_00B7, 1, None),
}

NEWEST: Final = 450
"""The last call these tables were written with (Linux 6.6). What came later does not exist for a child."""

_N = Numbers

NETWORK: Final = {
    "socket": _N(41, 198), "socketpair": _N(53, 199), "bind": _N(49, 200), "listen": _N(50, 201),
    "accept": _N(43, 202), "accept4": _N(288, 242), "connect": _N(42, 203), "sendto": _N(44, 206),
    "recvfrom": _N(45, 207), "sendmsg": _N(46, 211), "sendmmsg": _N(307, 269), "recvmmsg": _N(299, 243),
    "setsockopt": _N(54, 208),
}  # fmt: skip

OTHER_PROCESSES: Final = {
    "ptrace": _N(101, 117), "process_vm_readv": _N(310, 270), "process_vm_writev": _N(311, 271),
    "process_madvise": _N(440, 440), "process_mrelease": _N(448, 448), "kcmp": _N(312, 272),
    "pidfd_open": _N(434, 434), "pidfd_getfd": _N(438, 438), "pidfd_send_signal": _N(424, 424),
    "kill": _N(62, 129), "tkill": _N(200, 130), "tgkill": _N(234, 131),
    "rt_sigqueueinfo": _N(129, 138), "rt_tgsigqueueinfo": _N(297, 240),
    "setpriority": _N(141, 140), "ioprio_set": _N(251, 30), "migrate_pages": _N(256, 238), "move_pages": _N(279, 239),
    "sched_setscheduler": _N(144, 119), "sched_setparam": _N(142, 118), "sched_setattr": _N(314, 274),
    "sched_setaffinity": _N(203, 122),
}  # fmt: skip

NEW_PROCESSES: Final = {
    "fork": _N(57, None), "vfork": _N(58, None), "execve": _N(59, 221), "execveat": _N(322, 281),
}  # fmt: skip

NAMESPACES: Final = {
    "mount": _N(165, 40), "umount2": _N(166, 39), "pivot_root": _N(155, 41), "chroot": _N(161, 51),
    "unshare": _N(272, 97), "setns": _N(308, 268), "open_tree": _N(428, 428), "move_mount": _N(429, 429),
    "fsopen": _N(430, 430), "fsconfig": _N(431, 431), "fsmount": _N(432, 432), "fspick": _N(433, 433),
    "mount_setattr": _N(442, 442),
}  # fmt: skip

KERNEL: Final = {
    "keyctl": _N(250, 219), "add_key": _N(248, 217), "request_key": _N(249, 218), "bpf": _N(321, 280),
    "perf_event_open": _N(298, 241), "userfaultfd": _N(323, 282), "io_uring_setup": _N(425, 425),
    "io_uring_enter": _N(426, 426), "io_uring_register": _N(427, 427), "init_module": _N(175, 105),
    "finit_module": _N(313, 273), "delete_module": _N(176, 106), "kexec_load": _N(246, 104),
    "kexec_file_load": _N(320, 294), "reboot": _N(169, 142), "swapon": _N(167, 224), "swapoff": _N(168, 225),
    "acct": _N(163, 89), "quotactl": _N(179, 60), "quotactl_fd": _N(443, 443), "settimeofday": _N(164, 170),
    "clock_settime": _N(227, 112), "adjtimex": _N(159, 171), "clock_adjtime": _N(305, 266),
    "sethostname": _N(170, 161), "setdomainname": _N(171, 162), "syslog": _N(103, 116), "vhangup": _N(153, 58),
    "iopl": _N(172, None), "ioperm": _N(173, None), "modify_ldt": _N(154, None), "personality": _N(135, 92),
    "lookup_dcookie": _N(212, 18), "nfsservctl": _N(180, 42), "uselib": _N(134, None), "sysfs": _N(139, None),
    "_sysctl": _N(156, None), "fanotify_init": _N(300, 262), "memfd_secret": _N(447, 447),
}  # fmt: skip

IDENTITIES: Final = {
    "setuid": _N(105, 146), "setgid": _N(106, 144), "setreuid": _N(113, 145), "setregid": _N(114, 143),
    "setresuid": _N(117, 147), "setresgid": _N(119, 149), "setfsuid": _N(122, 151), "setfsgid": _N(123, 152),
    "setgroups": _N(116, 159), "capset": _N(126, 91),
}  # fmt: skip

SHARED_MEMORY: Final = {
    "shmget": _N(29, 194), "shmat": _N(30, 196), "shmctl": _N(31, 195), "semget": _N(64, 190), "semop": _N(65, 193),
    "semctl": _N(66, 191), "semtimedop": _N(220, 192), "msgget": _N(68, 186), "msgsnd": _N(69, 189),
    "msgrcv": _N(70, 188), "msgctl": _N(71, 187), "mq_open": _N(240, 180), "mq_unlink": _N(241, 181),
}  # fmt: skip

WRITING: Final = {
    "creat": _N(85, None), "mknod": _N(133, None), "mknodat": _N(259, 33), "mkdir": _N(83, None),
    "mkdirat": _N(258, 34), "rmdir": _N(84, None), "unlink": _N(87, None), "unlinkat": _N(263, 35),
    "rename": _N(82, None), "renameat": _N(264, 38), "renameat2": _N(316, 276), "link": _N(86, None),
    "linkat": _N(265, 37), "symlink": _N(88, None), "symlinkat": _N(266, 36), "chmod": _N(90, None),
    "fchmod": _N(91, 52), "fchmodat": _N(268, 53), "chown": _N(92, None), "fchown": _N(93, 55),
    "lchown": _N(94, None), "fchownat": _N(260, 54), "truncate": _N(76, 45), "utime": _N(132, None),
    "utimes": _N(235, None), "utimensat": _N(280, 88), "futimesat": _N(261, None), "setxattr": _N(188, 5),
    "lsetxattr": _N(189, 6), "fsetxattr": _N(190, 7), "removexattr": _N(197, 14), "lremovexattr": _N(198, 15),
    "fremovexattr": _N(199, 16), "name_to_handle_at": _N(303, 264), "open_by_handle_at": _N(304, 265),
}  # fmt: skip
"""Names are made, changed and removed by these; open and openat are looked at more closely."""

DENIED: Final = {
    **NETWORK, **OTHER_PROCESSES, **NEW_PROCESSES, **NAMESPACES, **KERNEL, **IDENTITIES, **SHARED_MEMORY, **WRITING,
}  # fmt: skip

ABSENT: Final = {"clone3": _N(435, 435), "openat2": _N(437, 437)}
"""Their arguments lie in memory, where no filter can look: told that they do not exist, libc takes the older ones."""

LOOKED_AT: Final = {
    "clone": _N(56, 220), "open": _N(2, None), "openat": _N(257, 56), "prctl": _N(157, 167), "fcntl": _N(72, 25),
    "ioctl": _N(16, 29), "prlimit64": _N(302, 261),
}  # fmt: skip
"""Calls that are refused for some arguments only."""
