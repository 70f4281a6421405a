using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Halo.Grains.Layers;

/// <summary>Collects the partial sums of one stage and adds them up once all are in, in the order of the boards.</summary>
internal sealed class StageSum(int planVersion, int boardCount)
{
    private readonly byte[]?[] _partialSums = new byte[boardCount][];
    private readonly TaskCompletionSource<StageTotal> _total = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _arrived;
    private int _length; // bytes of a partial sum, once one is in that is not empty

    internal Task<StageTotal> Total => _total.Task;

    internal bool IsComplete => _arrived == boardCount;

    /// <summary>Takes a contribution; false where it does not belong to this stage as others see it.</summary>
    internal bool TryAdd(StageContribution contribution)
    {
        if (contribution.PlanVersion != planVersion || contribution.BoardCount != boardCount
            || (uint)contribution.Board >= (uint)boardCount || _partialSums[contribution.Board] is not null
            || contribution.PartialSum.Length % sizeof(float) != 0
            || (_length > 0 && contribution.PartialSum.Length > 0 && contribution.PartialSum.Length != _length))
        {
            return false;
        }

        _length = Math.Max(_length, contribution.PartialSum.Length);

        _partialSums[contribution.Board] = contribution.PartialSum;
        if (++_arrived == boardCount)
        {
            _total.SetResult(new StageTotal(AddUp()));
        }

        return true;
    }

    internal void Abandon(string reason) => _total.TrySetException(new OrleansException(reason));

    private byte[] AddUp()
    {
        byte[] total = new byte[_partialSums.Max(part => part!.Length)];
        Span<float> sum = MemoryMarshal.Cast<byte, float>(total.AsSpan());
        foreach (byte[]? part in _partialSums)
        {
            if (part!.Length > 0)
            {
                TensorPrimitives.Add(sum, MemoryMarshal.Cast<byte, float>((ReadOnlySpan<byte>)part), sum);
            }
        }

        return total;
    }
}
