using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model.Architectures;

/// <summary>A file's tensors as they are asked for: each is checked, and what nobody asked for is refused in the end.</summary>
internal sealed class ModelTensors(GgufFile file)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>Whether there is a tensor of that name; it then counts as known.</summary>
    internal bool Has(string name) => file.TryGetTensor(name, out _) && (_known.Add(name) || true);

    /// <summary>Checks a tensor's shape and type.</summary>
    /// <exception cref="GgufFormatException">It is missing, has another shape, or a type that cannot be computed.</exception>
    internal GgufTensorInfo Check(string name, int rows, int columns)
    {
        GgufTensorInfo tensor = file.RequireTensor(name);
        _known.Add(name);
        if (tensor.Rows != rows || tensor.Columns != columns || tensor.Dimensions.Count > 2)
        {
            throw new GgufFormatException(
                $"Tensor {name} is {string.Join(" x ", tensor.Dimensions)}; the model's metadata asks for {columns} x {rows}.");
        }

        if (!TensorTypes.IsSupported(tensor.Type))
        {
            throw new GgufFormatException(
                $"Tensor {name} is of type {tensor.Type}, which cannot be computed; {TensorTypes.SupportedNames} can.");
        }

        return tensor;
    }

    /// <summary>Reads a vector.</summary>
    /// <returns>(width) floats; null where there is none and none is required.</returns>
    /// <exception cref="GgufFormatException">See <see cref="Check"/>.</exception>
    internal float[]? Vector(string name, int width, bool isRequired)
    {
        if (!isRequired && !Has(name))
        {
            return null;
        }

        GgufTensorInfo tensor = Check(name, 1, width);
        float[] values = new float[width];
        BlockCodec.Dequantize(tensor.Type, file.Data(tensor), values);
        return values;
    }

    /// <summary>Refuses a file that has tensors which nobody asked for: the model would compute something else than it was made for.</summary>
    /// <param name="architecture">The file's architecture.</param>
    /// <exception cref="GgufFormatException">It has; the message names the first.</exception>
    internal void RefuseOthers(string architecture)
    {
        if (file.TensorList.FirstOrDefault(tensor => !_known.Contains(tensor.Name)) is { } other)
        {
            throw new GgufFormatException(
                $"Tensor {other.Name} is none that a model of architecture '{architecture}' has here; the file cannot be used without it.");
        }
    }
}
