"""The graphs around a network in an ONNX file, from pictures to its input and back, as text of ONNX.

Scaling multiplies by matrices that the graph builds from the shapes, so that it gives the numbers of
`training.resize` in every program: the mean of areas down, linear with half-pixel centres up. OpenCV and
Resize of ONNX define neither in the same way. The matrices are computed in whole numbers and are exact.

Source: https://onnx.ai/onnx/repo-docs/Syntax.html for the text, https://onnx.ai/onnx/operators for each word.
"""

from generator.format.manifest import MaskEntry

OPSET = 18
"""Version of the operators: since ONNX Runtime 1.14, and what torch converts to best."""

DOMAIN = "fgbg"

FUNCTIONS = f"""
<domain: "{DOMAIN}", opset_import: ["" : {OPSET}]>
weights (before, after) => (shares)
{{
  zero = Constant <value = int64 {{0}}> ()
  one = Constant <value = int64 {{1}}> ()
  two = Constant <value = int64 {{2}}> ()
  first = Constant <value = int64[1] {{1}}> ()
  row = Range (zero, before, one)
  numbers = Range (zero, after, one)
  column = Unsqueeze (numbers, first)

  # By area, in units of 1 / after of an old pixel.
  begin = Mul (column, before)
  end = Add (begin, before)
  left = Mul (row, after)
  right = Add (left, after)
  later = Max (begin, left)
  earlier = Min (end, right)
  difference = Sub (earlier, later)
  overlap = Max (difference, zero)
  covered = Cast <to = 1> (overlap)
  whole = Cast <to = 1> (before)
  area = Div (covered, whole)

  # Linear, in units of 1 / (2 after) of an old pixel.
  unit = Mul (after, two)
  twice = Mul (begin, two)
  centre = Add (twice, before)
  place = Sub (centre, after)
  most = Sub (before, one)
  last = Mul (most, unit)
  held = Max (place, zero)
  clamped = Min (held, last)
  old = Mul (row, unit)
  offset = Sub (clamped, old)
  distance = Abs (offset)
  near = Sub (unit, distance)
  weight = Max (near, zero)
  weighed = Cast <to = 1> (weight)
  span = Cast <to = 1> (unit)
  linear = Div (weighed, span)

  grows = Greater (after, before)
  shares = Where (grows, linear, area)
}}
<domain: "{DOMAIN}", opset_import: ["" : {OPSET}, "{DOMAIN}" : 1]>
scale (maps, size) => (scaled)
{{
  zero = Constant <value = int64 {{0}}> ()
  one = Constant <value = int64 {{1}}> ()
  sides = Shape <start = 2> (maps)
  height = Gather (sides, zero)
  width = Gather (sides, one)
  new_height = Gather (size, zero)
  new_width = Gather (size, one)
  changes = Sub (sides, size)
  change = Abs (changes)
  most = ReduceMax <keepdims = 0> (change)
  alike = Equal (most, zero)
  scaled = If (alike) <
    then_branch = same () => (kept) {{ kept = Identity (maps) }},
    else_branch = other () => (resized)
    {{
      across = {DOMAIN}.weights (width, new_width)
      down = {DOMAIN}.weights (height, new_height)
      turned = Transpose <perm = [1, 0]> (across)
      narrow = MatMul (maps, turned)
      resized = MatMul (down, narrow)
    }}
  >
}}
<domain: "{DOMAIN}", opset_import: ["" : {OPSET}, "{DOMAIN}" : 1]>
look (pictures, size) => (input)
{{
  half = Constant <value = float {{127.5}}> ()
  one = Constant <value = float {{1.0}}> ()
  levels = Cast <to = 1> (pictures)
  planes = Transpose <perm = [0, 3, 1, 2]> (levels)
  scaled = {DOMAIN}.scale (planes, size)
  positive = Div (scaled, half)
  input = Sub (positive, one)
}}
"""
"""Three functions: `weights` makes a matrix (after, before), `scale` resizes (B, C, H, W) to a size (2,), and
`look` turns (B, H, W, 3) uint8 into (B, 3, h, w) float in [-1, 1]."""


def entry_graph(inputs: int, res: int, stride: int) -> str:
    """The graph before the network: pictures of any size -> its padded input, and both sizes.

    Args:
        inputs: channels of the network's input, 3 or 6.
        res: longer side in pixels to which pictures are scaled.
        stride: to whose multiples the input is padded, its edge repeated.
    """
    background = ", uint8[B, bgH, bgW, 3] background, bool[B] has_background" if inputs == 6 else ""
    behind = f"""
  bg = {DOMAIN}.look (background, small)
  column = Constant <value = int64[4] {{-1, 1, 1, 1}}> ()
  nothing = Constant <value = float {{0.0}}> ()
  given = Reshape (has_background, column)
  shown = Where (given, bg, nothing)
  seen = Concat <axis = 1> (shown, fg_bg)
"""
    return f"""
enter (uint8[B, H, W, 3] picture{background})
  => (float[B, {inputs}, h, w] input, int64[2] full, int64[2] small)
{{
  full = Shape <start = 1, end = 3> (picture)
  res = Constant <value = double {{{res}.0}}> ()
  one = Constant <value = int64 {{1}}> ()
  longest = ReduceMax <keepdims = 1> (full)
  longer = Cast <to = 11> (longest)
  factor = Div (res, longer)
  sides = Cast <to = 11> (full)
  exact = Mul (sides, factor)
  rounded = Round (exact)
  pixels = Cast <to = 7> (rounded)
  small = Max (pixels, one)
  fg_bg = {DOMAIN}.look (picture, small)
{behind if inputs == 6 else "  seen = Identity (fg_bg)"}
{_padded("small", "seen", stride)}
}}
"""


def exit_graph(entry: MaskEntry, depth: bool) -> str:
    """The graph after the network: its padded answer -> mask and depth at the size of the picture.

    Args:
        entry: the meaning of the mask.
        depth: whether the network has a depth head.
    """
    read = "Sigmoid" if entry.kind == "alpha" else "Softmax <axis = 1>"
    channels = 1 if entry.kind == "alpha" else len(entry.names)
    depth_in, depth_out = (
        (", float[B, 1, ph, pw] depth_logits", ", float[B, 1, H, W] depth") if depth else ("", "")
    )
    return f"""
leave (float[B, {channels}, ph, pw] mask_logits{depth_in}, int64[2] full, int64[2] small)
  => (float[B, {channels}, H, W] mask{depth_out})
{{
  corner = Constant <value = int64[2] {{0, 0}}> ()
  axes = Constant <value = int64[2] {{2, 3}}> ()
  lowest = Constant <value = float {{0.0}}> ()
  highest = Constant <value = float {{1.0}}> ()
{_restored("mask", read)}
{_restored("depth", "Sigmoid") if depth else ""}
}}
"""


def _padded(size: str, name: str, stride: int) -> str:
    return f"""
  stride = Constant <value = int64 {{{stride}}}> ()
  negative = Neg ({size})
  beyond = Mod (negative, stride)
  before = Constant <value = int64[6] {{0, 0, 0, 0, 0, 0}}> ()
  pads = Concat <axis = 0> (before, beyond)
  input = Pad <mode = "edge"> ({name}, pads)
"""


def _restored(name: str, read: str) -> str:
    return f"""
  {name}_cropped = Slice ({name}_logits, corner, small, axes)
  {name}_read = {read} ({name}_cropped)
  {name}_full = {DOMAIN}.scale ({name}_read, full)
  {name} = Clip ({name}_full, lowest, highest)
"""


def rembg_graphs(inputs: int, size: tuple[int, int], stride: int, side: int) -> tuple[str, str]:
    """The graphs before and after the network for rembg: (1, 3, side, side) -> (1, 1, side, side).

    rembg stretches the answer to the range 0 to 1 and would turn the faintest mask into a full one. So the
    largest value is set to 1 and the smallest to 0, in one pixel each, and all others stay as they are.

    Args:
        inputs: channels of the network's input, 3 or 6; the background is withheld.
        size: (h, w) that the network looks at.
        stride: to whose multiples the input is padded.
        side: of rembg's input in pixels.
    """
    height, width = size
    withheld = """
  nothing = Sub (fg_bg, fg_bg)
  seen = Concat <axis = 1> (nothing, fg_bg)
"""
    before_network = f"""
enter (float[1, 3, {side}, {side}] input_picture) => (float[1, {inputs}, h, w] input)
{{
  mean = Constant <value = float[1, 3, 1, 1] {{0.485, 0.456, 0.406}}> ()
  deviation = Constant <value = float[1, 3, 1, 1] {{0.229, 0.224, 0.225}}> ()
  two = Constant <value = float {{2.0}}> ()
  one = Constant <value = float {{1.0}}> ()
  small = Constant <value = int64[2] {{{height}, {width}}}> ()
  spread = Mul (input_picture, deviation)
  unit = Add (spread, mean)
  scaled = {DOMAIN}.scale (unit, small)
  twice = Mul (scaled, two)
  fg_bg = Sub (twice, one)
{withheld if inputs == 6 else "  seen = Identity (fg_bg)"}
{_padded("small", "seen", stride)}
}}
"""
    after_network = f"""
leave (float[1, 1, ph, pw] mask_logits) => (float[1, 1, {side}, {side}] mask)
{{
  corner = Constant <value = int64[2] {{0, 0}}> ()
  axes = Constant <value = int64[2] {{2, 3}}> ()
  small = Constant <value = int64[2] {{{height}, {width}}}> ()
  full = Constant <value = int64[2] {{{side}, {side}}}> ()
  lowest = Constant <value = float {{0.0}}> ()
  highest = Constant <value = float {{1.0}}> ()
  flat = Constant <value = int64[1] {{-1}}> ()
  square = Constant <value = int64[4] {{1, 1, {side}, {side}}}> ()
{_restored("mask", "Sigmoid").replace("mask = Clip", "soft = Clip")}
  values = Reshape (soft, flat)
  at_most = ArgMax <axis = 0, keepdims = 1> (values)
  at_least = ArgMin <axis = 0, keepdims = 1, select_last_index = 1> (values)
  places = Concat <axis = 0> (at_most, at_least)
  ends = Constant <value = float[2] {{1.0, 0.0}}> ()
  ended = ScatterElements <axis = 0> (values, places, ends)
  mask = Reshape (ended, square)
}}
"""
    return before_network, after_network
