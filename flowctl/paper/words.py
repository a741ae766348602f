"""What stands on a sheet beside figures: Vietnamese first, Chinese and English below it."""

from collections.abc import Mapping

LANGUAGES = ("vi", "zh", "en")

Words = tuple[str, str, str]

TITLE: Words = ("THỨ TỰ XE RA CỬA KHẨU", "口岸放行顺序", "Order of trucks to the gate")
GATE: Words = ("Cửa khẩu", "口岸", "Gate")
YARD: Words = ("Bãi", "停车场", "Yard")
ALL_YARDS: Words = ("tất cả các bãi", "所有停车场", "all yards")
MADE: Words = ("Lập lúc", "制表时间", "Made")
VALID: Words = ("Dùng đến", "有效至", "Valid until")
POLICY: Words = ("Quy tắc", "规则版本", "Rules")
LEDGER: Words = ("Sổ thứ tự", "顺序账本", "Ledger")
CODE: Words = ("Mã bảng này", "本表编号", "Code of this order")
ON_THE_WAY: Words = ("Số xe trên đường", "在途车数", "Trucks on the way")
KEY: Words = ("Khóa", "公钥", "Key")
SIGNATURE: Words = ("Chữ ký Ed25519", "Ed25519 签名", "Ed25519 signature")
NOT_SIGNED: Words = ("KHÔNG có chữ ký", "未签名", "NOT signed")
CHECK: Words = ("Kiểm tra tệp", "文件验证", "To check the file")
CHECK_QR: Words = (
    "Kiểm tra mã QR: so dòng sổ với bảng công khai, hoặc",
    "核对二维码：与公开账本行比对，或",
    "To check the QR code: compare its ledger row with the public board's, or",
)
NOBODY: Words = ("Không có xe nào.", "没有车辆。", "There are no trucks.")

HEADS: Mapping[str, Words] = {
    "number": ("Số", "号", "No."),
    "plate": ("Biển số", "车牌", "Plate"),
    "yard": ("Bãi", "停车场", "Yard"),
    "slot": ("Giờ hẹn", "预约", "Slot"),
    "seniority": ("Tính từ", "排序起点", "Counts from"),
    "priority": ("Ưu tiên", "优先", "Priority"),
    "standby": ("Dự bị", "候补", "Standby"),
    "convoy": ("Đoàn", "车队", "Convoy"),
    "called": ("Đã gọi", "已放行", "Called"),
    "out": ("Rời bãi", "出场时间", "Out of yard"),
    "at_gate": ("Đến cửa khẩu", "到口岸", "At the gate"),
    "through": ("Qua xong", "通关", "Through"),
    "who": ("Người ghi", "记录人", "By whom"),
}

WRITTEN = ("out", "at_gate", "through", "who")
"""The columns that are left empty, to be written by hand."""

PLACES: Mapping[str, Words] = {
    "in_lane": ("đang kiểm tra", "查验中", "in inspection"),
    "at_gate": ("ở cửa khẩu", "在口岸", "at the gate"),
    "called": ("đang ra", "途中", "on its way"),
    "yard": ("trong bãi", "在停车场", "in the yard"),
    "road": ("chưa đến", "未到", "not here yet"),
}

UNCONFIRMED: Words = ("chờ xác nhận", "待确认", "to be confirmed")
"""Of a truck that nobody calls before its agencies have."""

RULES: Mapping[str, str] = {
    "vi": (
        "Một xe qua xong cửa khẩu thì gọi số tiếp theo; tổng số xe trên đường và ở cửa khẩu: {n}."
        " Gọi đúng thứ tự. Xe chưa đến hoặc không rời bãi: ghi lại, gọi số sau."
        " Ghi giờ thật vào cột trống."
    ),
    "zh": (
        "每有一辆车通关，就放行下一号；途中和口岸的车辆总数：{n}。按号放行，不得插队。"
        "未到或未出场的车：记下，放行下一号。在空格内写下实际时间。"
    ),
    "en": (
        "Each time a truck is through the gate, call the next number. Trucks on the way and at the"
        " gate together: {n}. Keep to the order. One that is not here or does not leave: note it,"
        " call the next. Write the real times."
    ),
}
UNKNOWN_N: Mapping[str, str] = {
    "vi": "như hiện nay",
    "zh": "与现在相同",
    "en": "as many as now",
}
