using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Cli.Tests;

/// <summary>The bundled model with its embedding in a type that is known but that no kernel handles: it can be described, not run.</summary>
internal static class UncomputableModel
{
    internal static string Write(TemporaryFolder folder)
    {
        string path = folder.File("uncomputable.gguf");
        using GgufFile source = GgufFile.Open(TestPaths.BundledModel);
        using GgufWriter writer = new(path);
        writer.CopyMetadata(source.Metadata, _ => true);
        foreach (GgufTensorInfo tensor in source.TensorList)
        {
            writer.DeclareTensor(tensor.Name, tensor.Dimensions, TypeOf(tensor));
        }

        foreach (GgufTensorInfo tensor in source.TensorList)
        {
            writer.WriteTensor(tensor.Name, stream => stream.Write(new byte[TensorTypes.RowBytes(TypeOf(tensor), tensor.Columns) * tensor.Rows]));
        }

        writer.Complete();
        return path;
    }

    private static TensorType TypeOf(GgufTensorInfo tensor) => tensor.Name == "token_embd.weight" ? TensorType.Q8_K : tensor.Type;
}
