using System.Runtime.InteropServices;
using System.Text;

namespace Halo.Inference.Tests.Gguf;

/// <summary>Builds GGUF bytes by hand, well-formed or not, so that the reader is not tested by its own writer.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _bytes = [];

    internal GgufBytes(ulong tensorCount = 0, ulong keyCount = 0, uint version = 3)
    {
        _bytes.AddRange("GGUF"u8);
        Number(version).Number(tensorCount).Number(keyCount);
    }

    internal static byte[] Small()
    {
        GgufBytes bytes = new GgufBytes(tensorCount: 2, keyCount: 5)
            .Key("general.architecture", 8).Text("llama")
            .Key("llama.block_count", 4).Number(5u)
            .Key("tokenizer.ggml.tokens", 9).Number(8u).Number(3UL).Text("a").Text("b").Text("c")
            .Key("tokenizer.ggml.scores", 9).Number(6u).Number(3UL).Number(1f).Number(2f).Number(3f)
            .Key("tokenizer.ggml.add_bos_token", 7).Number((byte)1)
            .Tensor("one.weight", [8, 4], 0, 0)
            .Tensor("two.weight", [32, 2], 8, 128);
        return bytes.Data(256).ToArray();
    }

    internal GgufBytes Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return Number((ulong)bytes.Length).Raw(bytes);
    }

    internal GgufBytes Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    internal GgufBytes Key(string key, uint type)
    {
        return Text(key).Number(type);
    }

    internal GgufBytes Number<T>(T value)
        where T : unmanaged
    {
        _bytes.AddRange(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
        return this;
    }

    internal GgufBytes Tensor(string name, long[] dimensions, uint type, ulong offset)
    {
        Text(name).Number((uint)dimensions.Length);
        Array.ForEach(dimensions, size => Number(size));
        return Number(type).Number(offset);
    }

    /// <summary>Pads to 32 and appends a data section 0, 1, 2, ….</summary>
    internal GgufBytes Data(int count)
    {
        _bytes.AddRange(new byte[(32 - (_bytes.Count % 32)) % 32]);
        return Raw([.. Enumerable.Range(0, count).Select(i => (byte)i)]);
    }

    internal byte[] ToArray() => [.. _bytes];
}
