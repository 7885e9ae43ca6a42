# SPDX-License-Identifier: Apache-2.0
"""A device that no machine lacks: it computes on the CPU, and minds where tensors are as GPUs do.

Within `other_device()` tensors on `OTHER` hold numbers. An operation on tensors of both devices is
refused as CUDA refuses it: only a scalar of the CPU may meet them, and copies may cross over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

__all__ = ["OTHER", "other_device"]

OTHER = torch.device("meta")
"""torch's name for a device without numbers, which nothing else uses here"""
CROSSING = ("copy_", "_to_copy", "to")
"""operations that take tensors of both devices"""
INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")
"""operations whose second argument, the indices, may be on the CPU where the first one is not"""


def _dispatch(
    _: object,
    func: Callable[..., Any],
    types: Sequence[type],
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    return _run(func, args, dict(kwargs or {}))


class _There(Tensor):
    """A tensor that says it is on `OTHER`; `numbers` is the same on the CPU."""

    numbers: Tensor

    @staticmethod
    def __new__(cls, numbers: Tensor) -> _There:
        with torch.inference_mode(False):  # views of parameters are made in either mode
            made = Tensor._make_wrapper_subclass(
                cls,
                numbers.shape,
                strides=numbers.stride(),
                storage_offset=numbers.storage_offset(),
                dtype=numbers.dtype,
                device=OTHER,
                requires_grad=numbers.requires_grad,
            )
        made.numbers = numbers
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"There({self.numbers})"

    def tolist(self) -> Any:
        return self.numbers.tolist()

    def numpy(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"a tensor on {OTHER} is no numpy array: copy it to the CPU first")

    __torch_dispatch__ = classmethod(_dispatch)


class _Operations(TorchDispatchMode):
    """Every operation goes by `_run`, those that make new tensors too."""

    __torch_dispatch__ = _dispatch


class _Literals(TorchFunctionMode):
    """Numbers from Python, which torch writes without an operation, are copied to `OTHER`."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor, Tensor.new_tensor):
            is_new = func is Tensor.new_tensor
            device = options.pop("device", args[0].device if is_new else "cpu")
            if is_new:
                options.setdefault("dtype", args[0].dtype)
            data = args[1 if is_new else 0]
            made = data if isinstance(data, Tensor) else torch.tensor(data, **options)
            return made.to(device, options.get("dtype"))
        if func in (Tensor.__getitem__, Tensor.__setitem__):
            args = (args[0], _index(args[1]), *args[2:])
        return func(*args, **options)


def _index(index: Any) -> Any:
    """An index with tensors of the CPU in the place of lists."""
    if isinstance(index, tuple):
        return tuple(_index(each) for each in index)
    if isinstance(index, list):
        return torch.tensor(index, dtype=None if index else torch.int64)
    return index


@contextmanager
def other_device() -> Iterator[None]:
    """Within it there is one more device, `OTHER`."""
    before = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)  # parameters stay tied
    try:
        with _Literals(), _Operations():
            yield
    finally:
        torch.__future__.set_swap_module_params_on_conversion(before)


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One operation on the CPU, its result where it would be."""
    name = func.overloadpacket.__name__
    values = tree_flatten((args, kwargs))[0]
    tensors = [value for value in values if isinstance(value, Tensor)]
    there = [value for value in tensors if isinstance(value, _There)]
    without = [each for each in tensors if each.device == OTHER and not isinstance(each, _There)]
    assert not without, f"{name}: tensors without numbers"
    if name in INDEXING and isinstance(args[0], _There):
        tensors = [args[0], *(value for value in args[2:] if isinstance(value, Tensor))]
    here = [value for value in tensors if not isinstance(value, _There) and value.dim()]
    if there and here and name not in CROSSING:
        raise RuntimeError(f"{name}: tensors on {OTHER} and on {here[0].device}")
    wanted = [value for value in values if isinstance(value, torch.device)]
    goes = wanted[0] == OTHER if wanted else bool(there)
    result = func(*tree_map(_on_cpu, args), **tree_map(_on_cpu, kwargs))
    written = _written(func, args, kwargs)
    if written is not None:
        return written
    return tree_map(_there, result) if goes else result


def _there(value: Any) -> Any:
    return _There(value) if type(value) is Tensor else value


def _on_cpu(value: Any) -> Any:
    if isinstance(value, torch.device):
        return torch.device("cpu")
    return value.numbers if isinstance(value, _There) else value


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """The argument that an operation writes to and returns, or None."""
    returns = func._schema.returns
    if not returns or returns[0].alias_info is None or not returns[0].alias_info.is_write:
        return None
    for index, spec in enumerate(func._schema.arguments):
        if spec.alias_info is not None and spec.alias_info.is_write:
            found: Tensor = kwargs[spec.name] if spec.name in kwargs else args[index]
            return found
    return None
