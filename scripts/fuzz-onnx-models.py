"""Random ONNX models through the program: any operators of the table, with attributes of their schemas and inputs that may fit.

    python scripts/fuzz-onnx-models.py PROGRAM SECONDS [SEED]

PROGRAM is a built `mitsume`. Random changes of a file's bytes (`scripts/fuzz.sh ... onnx`) hardly make sound protobuf of other
operators than the seeds'; these models are all sound, and most are refused by an operator. A model that the program neither reads
nor refuses (exit code 0 or 2), or reads for longer than a minute, is kept in the working directory, and the exit code is 1.
Needs onnx and numpy (`pip install onnx==1.18.0`).
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
from onnx import defs, helper, numpy_helper

TABLE = os.path.join(os.path.dirname(__file__), "../crates/mitsume-onnx/src/op/table.rs")
OPERATORS = sorted(set(re.findall(r'\("([A-Z]\w+)", ', open(TABLE).read())))
WORDS = """NOTSET SAME_UPPER SAME_LOWER VALID nearest linear cubic asymmetric half_pixel align_corners tf_crop_and_resize
pytorch_half_pixel floor ceil round_prefer_ceil constant reflect edge wrap DCR CRD tanh none add mul max not_larger not_smaller
ij,jk->ik bij,bjk ...ii->...i ij->ji""".split()
TYPES = [np.float32, np.int64, np.bool_, np.float16]


class Models:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def integer(self):
        """Mostly what an axis, a stride or a size can be."""
        if self.random.random() < 0.85:
            return self.random.randint(-5, 5)
        return self.random.choice([2**31 - 1, -(2**31), 2**62, -(2**63), 100, 7, 64, 1000])

    def tensor(self, name):
        kind = self.random.choice(TYPES)
        shape = [self.random.choice([0, 1, 1, 2, 3, 3, 4]) for _ in range(self.random.randint(0, 4))]
        count = int(np.prod(shape)) if shape else 1
        if kind == np.int64:
            values = [self.integer() for _ in range(count)]
        else:
            values = [self.random.randint(-8, 8) / 4 for _ in range(count)]
        return numpy_helper.from_array(np.array(values).astype(kind).reshape(shape), name)

    def attribute(self, name, kind):
        side = lambda: abs(self.random.randint(-5, 5)) % 5 if self.random.random() < 0.8 else self.integer()
        if kind == "INT":
            value = self.integer()
        elif kind == "INTS":
            value = [side() for _ in range(self.random.choice([1, 2, 2, 2, 3, 4, 4]))]
        elif kind == "FLOAT":
            value = self.random.choice([0.0, 1.5, -1.0, float("nan"), float("inf"), 1e-5, 0.5])
        elif kind == "STRING":
            value = self.random.choice(WORDS)
        elif kind == "TENSOR":
            value = self.tensor("")
        else:
            return None
        return helper.make_attribute(name, value)

    def node(self, opset, names, outputs):
        operator = self.random.choice(OPERATORS)
        try:
            schema = defs.get_schema(operator, opset)
        except defs.SchemaError:
            return helper.make_node(operator, [names[-1]], outputs)
        count = self.random.randint(schema.min_input, max(schema.min_input, min(schema.max_input, 5)))
        inputs = [self.random.choice(names) for _ in range(count)]
        # Mostly a chain.
        if inputs and self.random.random() < 0.6:
            inputs[0] = names[-1]
        node = helper.make_node(operator, inputs, outputs)
        for name, attribute in schema.attributes.items():
            if self.random.random() < (0.9 if attribute.required else 0.3):
                made = self.attribute(name, attribute.type.name)
                if made is not None:
                    node.attribute.append(made)
        return node

    def model(self):
        opset = self.random.randint(9, 23) if self.random.random() < 0.3 else 17
        channels, side = self.random.choice([1, 3]), self.random.randint(1, 6)
        constants = [self.tensor(f"c{i}") for i in range(self.random.randint(0, 4))]
        names = ["image"] + [constant.name for constant in constants]
        nodes = []
        for i in range(self.random.choice([1, 1, 2, 2, 3, 4])):
            outputs = [f"v{i}{k}" for k in range(1 if self.random.random() < 0.8 else 2)]
            nodes.append(self.node(opset, names, outputs))
            names += outputs
        if self.random.random() < 0.6:
            nodes.append(helper.make_node("Flatten", [names[-1]], ["logits"]))
            names.append("logits")
        image = helper.make_tensor_value_info("image", 1, [1, channels, side, side])
        logits = onnx.ValueInfoProto(name=names[-1], type=helper.make_tensor_type_proto(1, None))
        graph = helper.make_graph(nodes, "g", [image], [logits], constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def main():
    program, seconds = sys.argv[1], float(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    models, end = Models(seed), time.time() + seconds
    count = read = found = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        while time.time() < end:
            data = models.model().SerializeToString()
            with open(path, "wb") as file:
                file.write(data)
            try:
                code = subprocess.run([program, "layers", path], capture_output=True, timeout=60).returncode
            except subprocess.TimeoutExpired:
                code = None
            count += 1
            read += code == 0
            if code not in (0, 2):
                found += 1
                kept = f"found-{seed}-{found}.onnx"
                with open(kept, "wb") as file:
                    file.write(data)
                print(f"exit code {code}: {kept}", flush=True)
    print(f"{count} models, {read} read, {found} found")
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
