"""A workflow small enough to be read at once: two agencies in any order, a fee, a locked gate."""

VERSION = "small-1"
WORKFLOW = """
version = "small-1"
valid_from = 2024-01-01T00:00:00+07:00

[[goods_classes]]
id = "steel"
name = { vi = "Thép", zh = "钢材", en = "Steel" }

[[goods_classes]]
id = "fruit"
name = { vi = "Trái cây", zh = "水果", en = "Fruit" }
plants = true

[[weight_classes]]
id = "light"
name = { vi = "Dưới 18 tấn", zh = "18吨以下", en = "Below 18 t" }
from_t = 0
below_t = 18

[[weight_classes]]
id = "heavy"
name = { vi = "Từ 18 tấn", zh = "18吨以上", en = "18 t and more" }
from_t = 18

[[handovers]]
id = "driver_swap"
name = { vi = "Đổi lái xe", zh = "换司机", en = "Driver swap" }

[[handovers]]
id = "transshipment"
name = { vi = "Sang tải", zh = "换装", en = "Transshipment" }

[[cameras]]
id = "cam_gate"
place = "huu_nghi"
proof = "gate_out"
confidence = 0.9

[[stages]]
id = "declared"
name = { vi = "Khai báo", zh = "申报", en = "Declared" }
proofs = ["declared"]
unlocks = ["slot"]

[[stages]]
id = "yard_in"
name = { vi = "Vào bãi", zh = "进场", en = "In the yard" }
desk = "yard"
proofs = ["yard_in"]

[[stages]]
id = "customs_check"
name = { vi = "Hải quan", zh = "海关", en = "Customs" }
desk = "customs"
needs = ["yard_in"]
settles = ["goods_class"]
unlocks = ["release"]

[[stages]]
id = "plant_check"
name = { vi = "Kiểm dịch thực vật", zh = "植物检疫", en = "Plant quarantine" }
desk = "plant_quarantine"
needs = ["yard_in"]
applies = { plants = ["yes"] }
unlocks = ["release"]
expires_h = 12

[[stages]]
id = "transshipped"
name = { vi = "Sang tải", zh = "换装", en = "Transshipped" }
desk = "yard"
needs = ["customs_check"]
applies = { handover = ["transshipment"] }

[[stages]]
id = "fees_paid"
name = { vi = "Nộp phí", zh = "缴费", en = "Fees paid" }
desk = "tax"
proofs = ["paid"]
needs = ["customs_check", "transshipped"]
unlocks = ["release"]

[[stages]]
id = "border_guard"
name = { vi = "Biên phòng", zh = "边防", en = "Border guard" }
desk = "border_guard"
needs = ["declared"]

[[stages]]
id = "gate_cleared"
name = { vi = "Đủ điều kiện", zh = "可以放行", en = "Cleared for the gate" }
proofs = ["joined"]
needs = ["border_guard", "customs_check"]
unlocks = ["gate"]

[[stages]]
id = "out"
name = { vi = "Ra khỏi cửa khẩu", zh = "出口岸", en = "Out of the gate" }
proofs = ["gate_out"]

[[variants]]
id = "export_swap"
name = { vi = "Xuất, đổi lái", zh = "出口换司机", en = "Export, driver swap" }
direction = "export"
gates = ["huu_nghi", "tan_thanh"]
handover = "driver_swap"

[[variants]]
id = "export_transshipment"
name = { vi = "Xuất, sang tải", zh = "出口换装", en = "Export, transshipment" }
direction = "export"
gates = ["huu_nghi", "tan_thanh"]
handover = "transshipment"

[[variants]]
id = "import_swap"
name = { vi = "Nhập, đổi lái", zh = "进口换司机", en = "Import, driver swap" }
direction = "import"
gates = ["huu_nghi", "tan_thanh"]
handover = "driver_swap"

[[hours]]
variant = "export_swap"
gates = ["huu_nghi", "tan_thanh"]
direction = "export"

[[hours]]
variant = "import_swap"
gates = ["huu_nghi", "tan_thanh"]
direction = "import"
"""
