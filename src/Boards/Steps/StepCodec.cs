using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Halo.Inference.Model;

namespace Halo.Boards.Steps;

/// <summary>
/// A step with its embedding rows as bytes: what the head board announces. Little endian: version (u32), plan version (i32), step number
/// (i64), counts of rows, logit rows, releases, truncations, forks and of floats a row (i32 each), then the lists in that order as they lie in
/// memory, then the embeddings (rows, hiddenSize) as f32.
/// </summary>
public static class StepCodec
{
    private const uint Version = 1;
    private const int HeaderBytes = 40;

    /// <summary>The most bytes a step of these limits takes.</summary>
    public static int MaxBytes(StepLimits limits, int hiddenSize) =>
        HeaderBytes
        + limits.MaxRows * (Unsafe.SizeOf<StepRow>() + sizeof(float) * hiddenSize)
        + limits.MaxLogitRows * sizeof(int)
        + limits.MaxSequences * (sizeof(long) + Unsafe.SizeOf<StepTruncation>() + Unsafe.SizeOf<StepFork>());

    /// <summary>Writes a step and returns the bytes used.</summary>
    public static int Write(Step step, ReadOnlySpan<float> embeddings, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], step.PlanVersion);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], step.StepNumber);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], step.Rows.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], step.LogitRows.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], step.Releases.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[28..], step.Truncations.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], step.Forks.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[36..], step.Rows.Count == 0 ? 0 : embeddings.Length / step.Rows.Count);
        int at = HeaderBytes;
        at += Put(CollectionsMarshal.AsSpan(step.Rows), bytes[at..]);
        at += Put(CollectionsMarshal.AsSpan(step.LogitRows), bytes[at..]);
        at += Put(CollectionsMarshal.AsSpan(step.Releases), bytes[at..]);
        at += Put(CollectionsMarshal.AsSpan(step.Truncations), bytes[at..]);
        at += Put(CollectionsMarshal.AsSpan(step.Forks), bytes[at..]);
        return at + Put(embeddings, bytes[at..]);
    }

    /// <summary>Reads what <see cref="Write"/> wrote into <paramref name="step"/> and returns the embeddings, which stay where they are.</summary>
    /// <exception cref="StepException">The bytes are no step of this version.</exception>
    public static ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, Step step)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Version)
        {
            throw new StepException("The announcement is no step of a version that this board understands; run the same version on all boards.");
        }

        step.Clear();
        step.PlanVersion = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        step.StepNumber = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        int rows = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        int hiddenSize = BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]);
        ReadOnlySpan<byte> rest = bytes[HeaderBytes..];
        Take(ref rest, rows, step.Rows);
        Take(ref rest, BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]), step.LogitRows);
        Take(ref rest, BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]), step.Releases);
        Take(ref rest, BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]), step.Truncations);
        Take(ref rest, BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]), step.Forks);
        long floats = (long)rows * hiddenSize;
        if (hiddenSize < 0 || rest.Length != floats * sizeof(float))
        {
            throw new StepException($"The announcement has {rest.Length} bytes of embeddings; {rows} rows of {hiddenSize} were announced.");
        }

        return MemoryMarshal.Cast<byte, float>(rest);
    }

    private static int Put<T>(ReadOnlySpan<T> values, Span<byte> bytes)
        where T : unmanaged
    {
        ReadOnlySpan<byte> source = MemoryMarshal.AsBytes(values);
        source.CopyTo(bytes);
        return source.Length;
    }

    private static void Take<T>(ref ReadOnlySpan<byte> bytes, int count, List<T> values)
        where T : unmanaged
    {
        long length = (long)count * Unsafe.SizeOf<T>();
        if (count < 0 || length > bytes.Length)
        {
            throw new StepException($"The announcement ends within its {typeof(T).Name} list of {count} entries.");
        }

        CollectionsMarshal.SetCount(values, count);
        MemoryMarshal.Cast<byte, T>(bytes[..(int)length]).CopyTo(CollectionsMarshal.AsSpan(values));
        bytes = bytes[(int)length..];
    }
}
