using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Gguf;

public sealed class GgufFileTests
{
    [Fact]
    public void Open_SmallFile_GivesMetadataAndTensorsInFileOrder()
    {
        using TemporaryFile file = new(GgufBytes.Small());
        using GgufFile gguf = GgufFile.Open(file.Path);

        Assert.Equal(3u, gguf.Version);
        Assert.Equal(file.Path, gguf.Path);
        Assert.Equal("llama", gguf.Metadata.RequireString("general.architecture"));
        Assert.Equal(["a", "b", "c"], gguf.Metadata.RequireStringArray("tokenizer.ggml.tokens"));
        Assert.Equal(["one.weight", "two.weight"], gguf.TensorList.Select(info => info.Name));
        GgufTensorInfo two = gguf.RequireTensor("two.weight");
        Assert.Equal((32L, 2L, TensorType.Q8_0, 68L), (two.Columns, two.Rows, two.Type, two.ByteCount));
        Assert.Equal(Enumerable.Range(128, 68).Select(i => (byte)i), gguf.Data(two).ToArray());
        Assert.Equal(Enumerable.Range(128 + 34, 34).Select(i => (byte)i), gguf.Row(two, 1).ToArray());
    }

    [Fact]
    public void Open_BundledModel_HasTheShapeItDeclares()
    {
        using GgufFile gguf = GgufFile.Open(TestPaths.BundledModel);

        Assert.Equal(56, gguf.Tensors.Count);
        Assert.Equal(6, gguf.Metadata.RequireInt32("llama.block_count"));
        GgufTensorInfo embedding = gguf.RequireTensor("token_embd.weight");
        Assert.Equal((256L, 512L, TensorType.Q8_0), (embedding.Columns, embedding.Rows, embedding.Type));
        Assert.Equal((1L, 256L), (gguf.RequireTensor("output_norm.weight").Rows, gguf.RequireTensor("output_norm.weight").Columns));
    }

    [SharedTheory("models/halo-tales/halo-tales-Q4_K_M.gguf", "models/halo-tales/halo-tales-Q6_K.gguf", "models/halo-tales/halo-tales-Q5_1.gguf")]
    [InlineData("Q4_K_M")]
    [InlineData("Q6_K")]
    [InlineData("Q5_1")]
    public void Open_Mixture_OpensAll(string type)
    {
        using GgufFile gguf = GgufFile.Open(TestPaths.Shared($"models/halo-tales/halo-tales-{type}.gguf"));

        Assert.All(gguf.TensorList, info => Assert.True(TensorTypes.IsSupported(info.Type)));
        Assert.Equal(gguf.Length, gguf.TensorList.Max(info => (info.Offset + info.ByteCount + 31) / 32 * 32));
    }

    [SharedFact("models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf")]
    public void Open_VocabularyOnly_HasNoTensors()
    {
        using GgufFile gguf = GgufFile.Open(TestPaths.Shared("models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf"));

        Assert.Empty(gguf.Tensors);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => gguf.RequireTensor("token_embd.weight"));
        Assert.Contains("vocabulary but no weights", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Version2_IsRead()
    {
        using TemporaryFile file = new(new GgufBytes(version: 2).ToArray());
        using GgufFile gguf = GgufFile.Open(file.Path);

        Assert.Equal(2u, gguf.Version);
    }

    [Fact]
    public void RequireTensor_Missing_NamesIt()
    {
        using TemporaryFile file = new(GgufBytes.Small());
        using GgufFile gguf = GgufFile.Open(file.Path);

        Assert.False(gguf.TryGetTensor("three.weight", out _));
        Assert.Contains("'three.weight'", Assert.Throws<GgufFormatException>(() => gguf.RequireTensor("three.weight")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_AfterDispose_Throws()
    {
        using TemporaryFile file = new(GgufBytes.Small());
        GgufFile gguf = GgufFile.Open(file.Path);
        gguf.Dispose();
        gguf.Dispose();

        Assert.Throws<ObjectDisposedException>(() => gguf.Data(gguf.TensorList[0]).Length);
    }

    [Fact]
    public void Data_TensorOfAnotherFile_Throws()
    {
        using TemporaryFile file = new(GgufBytes.Small());
        using GgufFile gguf = GgufFile.Open(file.Path);
        GgufTensorInfo forged = gguf.TensorList[0] with { Offset = 1L << 40 };

        Assert.Throws<ArgumentException>(() => gguf.Data(forged).Length);
    }

    [Fact]
    public void Row_OutsideTheTensor_Throws()
    {
        using TemporaryFile file = new(GgufBytes.Small());
        using GgufFile gguf = GgufFile.Open(file.Path);

        Assert.Throws<ArgumentOutOfRangeException>(() => gguf.Row(gguf.TensorList[0], 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => gguf.Row(gguf.TensorList[0], -1).Length);
    }
}
