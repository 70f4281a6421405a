using System.Runtime.InteropServices;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Streams;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// A step's logits: on the head board all of them, (logitRows, vocabularySize); elsewhere the blocks of the board's own tokens, one after the
/// other, from where they are sent.
/// </summary>
/// <param name="size">Sizes of buffers.</param>
/// <param name="gathers">Whether this is the head board's.</param>
internal sealed class LogitStore(FabricSize size, bool gathers)
{
    private readonly byte[] _bytes = GC.AllocateArray<byte>(checked(size.MaxLogitRows * size.VocabularySize * sizeof(float)), pinned: true);
    private readonly List<OutgoingMessage> _blocks = [];
    private int _used;

    /// <summary>All floats.</summary>
    internal Span<float> Values => MemoryMarshal.Cast<byte, float>(_bytes.AsSpan());

    /// <summary>The blocks of the step, without its number.</summary>
    internal List<OutgoingMessage> Blocks => _blocks;

    /// <summary>Where a block is written: see <see cref="ITransport.LogitBlock"/>.</summary>
    internal Span<float> Block(int rows, int firstToken, int tokenCount, out int stride)
    {
        if (gathers)
        {
            stride = size.VocabularySize;
            return rows == 0 ? [] : Values.Slice(firstToken, (rows - 1) * stride + tokenCount);
        }

        stride = tokenCount;
        int start = _used;
        _used += rows * tokenCount * sizeof(float);
        _blocks.Add(new OutgoingMessage(FrameKind.Logits, default, tokenCount, firstToken, _bytes, start, _used - start, sizeof(float)));
        return Values.Slice(start / sizeof(float), rows * tokenCount);
    }

    /// <summary>Forgets the blocks; their bytes stay until the next are written.</summary>
    internal void Clear()
    {
        _blocks.Clear();
        _used = 0;
    }

    /// <summary>Puts a chunk of another board's block in its place; false where it has none. Elements are tokens a row, the stage is the first row.</summary>
    internal bool Put(in ChunkHead head, ReadOnlySpan<byte> bytes)
    {
        (int tokens, int firstToken, int firstRow) = (head.Elements, head.FirstToken, head.Key.Stage);
        if (tokens < 1 || tokens > size.VocabularySize || head.MessageBytes % (tokens * sizeof(float)) != 0 || (head.Offset | bytes.Length) % sizeof(float) != 0
            || firstToken < 0 || firstToken > size.VocabularySize - tokens
            || firstRow < 0 || firstRow > size.MaxLogitRows - head.MessageBytes / sizeof(float) / tokens)
        {
            return false;
        }

        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(bytes);
        for (int at = head.Offset / sizeof(float); !values.IsEmpty;)
        {
            (int row, int token) = Math.DivRem(at, tokens);
            int count = Math.Min(values.Length, tokens - token);
            values[..count].CopyTo(Values[((firstRow + row) * size.VocabularySize + firstToken + token)..]);
            values = values[count..];
            at += count;
        }

        return true;
    }
}
