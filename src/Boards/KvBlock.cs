using Halo.Inference.Quantization;
using Halo.Planning.Assignment;

namespace Halo.Boards;

/// <summary>
/// Part of one sequence's KV of one attention shard, as it travels between boards. Positions [First, First + count) follow each other; each
/// is (KV head; key, then value): its f16 scales of 32 elements each, for Q8_0, then headDim elements, little endian. <see cref="FormatVersion"/> names
/// this layout.
/// </summary>
/// <param name="FormatVersion">Layout of <paramref name="Data"/>; 2 today.</param>
/// <param name="Slice">The shard.</param>
/// <param name="Mark">The sequence, its epoch, and its length once this block is in.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="First">First position in the block.</param>
/// <param name="Data">The positions.</param>
public sealed record KvBlock(int FormatVersion, ShardSlice Slice, KvMark Mark, KvType Type, int First, ReadOnlyMemory<byte> Data);

/// <summary>How far a copy of a sequence's KV reaches.</summary>
/// <param name="SequenceId">The sequence.</param>
/// <param name="Epoch">Changes when positions were rewritten; a copy of another epoch is worthless.</param>
/// <param name="Length">Positions [0, Length) are there.</param>
public readonly record struct KvMark(long SequenceId, int Epoch, int Length);
