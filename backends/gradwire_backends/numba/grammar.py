"""The language of generated source: the few words and forms of Python that a kernel may be made of.

Source is made of our own words, numbered names and integers, and nothing that a client sent. The compiler holds every
source against this before it runs a line of it, so that a slip in the generator can't become a way in.
"""

from __future__ import annotations

import ast
import re

WORDS = frozenset(
    # memory
    "item float64s float32s int64s int32s booleans load load_if store"
    # numbers, choice, loops
    " float64 float32 int64 int32 boolean like select range stop_unless note_if fits"
    # arithmetic
    " accumulate fma maximum minimum sqrt fabs copysign rint floor ceil trunc"
    # functions
    " exp expm1 log log1p tanh sigmoid softplus log_sigmoid exp_difference"
    " sin cos tan asin acos atan atan2 sinh cosh erf power"
    " log2 log10 asinh acosh atanh cbrt erfc hypot direction logaddexp exp_share"
    " xlogy xlog1py floor_divide remainder fmod"
    # the same in float32
    " expf expm1f logf log1pf tanhf sigmoidf softplusf log_sigmoidf exp_differencef"
    " sinf cosf tanf asinf acosf atanf atan2f sinhf coshf erff powerf"
    " log2f log10f asinhf acoshf atanhf cbrtf erfcf hypotf directionf logaddexpf exp_sharef"
    " xlogyf xlog1pyf floor_dividef remainderf fmodf"
    # the same of integers, and whole numbers
    " whole_floor_divide whole_remainder whole_fmod whole_power whole short_whole"
    # SciPy's, and what is written with them
    " lgamma digamma erfinv erfinvf ndtri i0e i1e bessel_i gammainc gammaincc betainc betaincf"
    " betaln betalnf gamma_density beta_density polygamma1 polygamma2 polygamma3 polygamma4"
    " scaled_bessel"
    # products
    " part matrix_product matrix_vector_product dot_product gram_matrix"
    # factorizations and what they are for
    " cholesky_factor lu_factors lu_sign lu_solution triangular_solution"
    " symmetric_eigenvectors singular_vectors orthonormal_columns"
    # along an axis
    " cumulative_sum cumulative_product cumulative_maximum cumulative_minimum cumulative_logaddexp"
    " cumulative_logaddexpf recurrence position_of_greatest position_of_least"
    # rows at positions
    " copied cleared set_rows add_rows max_rows min_rows".split()
)
"""What source may call."""

FORMS = frozenset(("range", "stop_unless", "note_if"))
"""Words that are no functions: a loop; the end of a function unless something holds; a status, if it does."""

NAME = re.compile(r"[a-z]{1,2}[0-9]{0,6}", re.ASCII)
"""What source may assign to: a letter or two that say what it is, and a number."""

ENTRY = re.compile(r"kernel[0-9]{1,6}", re.ASCII)
"""What its functions are called."""

_FORMS = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.For, ast.If, ast.Assign, ast.Expr, ast.Call, ast.Name,
    ast.Load, ast.Store, ast.Constant, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Compare,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr, ast.BitXor, ast.RShift, ast.LShift, ast.USub,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip


def check(source: str) -> ast.Module:
    """Parse source, and make sure that it is of this language.

    Returns: its tree.
    Raises: ValueError, naming the line.
    """
    if not source.isascii():  # Python takes some letters for others
        raise ValueError("the source of a kernel holds letters beyond ASCII")
    tree = ast.parse(source)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name, decorator_list=[], returns=None) if ENTRY.fullmatch(name):
                allowed = True
            case ast.Call(func=ast.Name(), keywords=[]):
                allowed = True
            case ast.Name(id=name) if id(node) in called:
                allowed = name in WORDS
            case ast.Name(id=name) | ast.arg(arg=name):
                allowed = NAME.fullmatch(name) is not None
            case ast.Constant(value=value):
                allowed = type(value) is int
            case ast.FunctionDef() | ast.Call():
                allowed = False
            case _:
                allowed = isinstance(node, _FORMS)
        if not allowed:
            raise ValueError(f"line {getattr(node, 'lineno', '?')} of a kernel holds {ast.dump(node)[:200]}")
    return tree


def entries(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return the functions of a source, in order.

    Raises: ValueError when anything else stands beside them.
    """
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if len(functions) != len(tree.body) or len({function.name for function in functions}) != len(functions):
        raise ValueError("a kernel is made of functions, each of a name of its own")
    return functions
