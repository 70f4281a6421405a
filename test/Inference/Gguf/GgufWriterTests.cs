using Halo.Inference.Gguf;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Gguf;

public sealed class GgufWriterTests
{
    [Fact]
    public void Complete_AllDeclaredWritten_ReadsBackTheSame()
    {
        using TemporaryFile file = new();
        byte[] odd = [.. Enumerable.Range(1, 12).Select(i => (byte)i)];
        byte[] blocks = [.. Enumerable.Range(0, 36).Select(i => (byte)(200 - i))];
        using (GgufWriter writer = new(file.Path))
        {
            writer.Set("text", "Grüße, 世界");
            writer.Set("number", 7u);
            writer.Set("number", 8u);
            writer.Set("float", 1e-5f);
            writer.Set("flag", true);
            writer.Set("texts", ["a", "", "ccc"]);
            writer.Set("floats", [1f, -2f]);
            writer.Set("ints", [3, -4, 5]);
            writer.DeclareTensor("odd", [3], TensorType.F32);
            writer.DeclareTensor("blocks", [32, 2], TensorType.Q4_0);
            Assert.Throws<InvalidOperationException>(() => writer.WriteTensor("odd", stream => stream.Write(blocks, 0, 7)));
            writer.WriteTensor("odd", stream => stream.Write(odd));
            writer.WriteTensor("blocks", stream =>
            {
                stream.Write(blocks, 0, 18);
                stream.Write(blocks.AsSpan(18));
            });
            Assert.False(File.Exists(file.Path));
            writer.Complete();
        }

        using GgufFile gguf = GgufFile.Open(file.Path);
        GgufMetadata metadata = gguf.Metadata;
        Assert.Equal("Grüße, 世界", metadata.RequireString("text"));
        Assert.Equal(8u, metadata.RequireUInt32("number"));
        Assert.Equal(1e-5f, metadata.RequireSingle("float"));
        Assert.True(metadata.RequireBoolean("flag"));
        Assert.Equal(["a", "", "ccc"], metadata.RequireStringArray("texts"));
        Assert.Equal([1f, -2f], metadata.RequireFloatArray("floats"));
        Assert.Equal([3, -4, 5], metadata.RequireInt32Array("ints"));
        Assert.Equal(odd, gguf.Data(gguf.RequireTensor("odd")).ToArray());
        Assert.Equal(blocks, gguf.Data(gguf.RequireTensor("blocks")).ToArray());
        Assert.Single(Directory.GetFiles(file.Folder));
    }

    [Fact]
    public void CopyMetadata_EveryStoredType_KeepsIt()
    {
        (string, object)[] entries =
        [
            ("u8", (byte)1), ("i8", (sbyte)-1), ("u16", (ushort)2), ("i16", (short)-2), ("u32", 3u), ("i32", -3), ("u64", 4UL), ("i64", -4L),
            ("f32", 5f), ("f64", 6.0), ("b", false), ("s", "t"), ("ab", new[] { true, false }), ("ad", new[] { 1.5 }), ("ay", new byte[] { 9 }),
        ];
        using TemporaryFile file = new();
        using (GgufWriter writer = new(file.Path))
        {
            writer.CopyMetadata(TestMetadata.Of([.. entries, ("general.alignment", 64u)]), _ => true);
            writer.Complete();
        }

        using GgufFile gguf = GgufFile.Open(file.Path);
        Assert.Equal(entries.Select(entry => entry.Item2), gguf.Metadata.Select(pair => pair.Value));
    }

    [Fact]
    public void WriteTensor_WrongOrderOrSize_ThrowsAndLeavesNothing()
    {
        using TemporaryFile file = new();
        using (GgufWriter writer = new(file.Path))
        {
            writer.DeclareTensor("a", [4], TensorType.F32);
            writer.DeclareTensor("b", [4], TensorType.F32);
            Assert.Throws<ArgumentException>(() => writer.DeclareTensor("a", [4], TensorType.F32));
            Assert.Throws<ArgumentException>(() => writer.DeclareTensor("c", [33], TensorType.Q8_0));
            Assert.Throws<ArgumentException>(() => writer.DeclareTensor("d", [4, 0], TensorType.F32));
            Assert.Throws<InvalidOperationException>(() => writer.WriteTensor("b", stream => stream.Write(new byte[16])));
            Assert.Throws<InvalidOperationException>(() => writer.WriteTensor("a", stream => stream.Write(new byte[17])));
            Assert.Throws<InvalidOperationException>(() => writer.WriteTensor("a", stream => stream.Write(new byte[15])));
            Assert.Throws<InvalidOperationException>(() => writer.Set("late", 1u));
            Assert.Throws<InvalidOperationException>(writer.Complete);
        }

        Assert.Empty(Directory.GetFiles(file.Folder));
    }
}
