namespace Halo.Boards.Control;

/// <summary>
/// Which request numbers were taken: all of the last <see cref="Size"/> below the highest are remembered, older ones count as taken. Requests
/// may so arrive in any order, and each once. Not safe from several threads.
/// </summary>
internal sealed class NumberWindow
{
    internal const int Size = 1024;

    private readonly bool[] _taken = new bool[Size];
    private ulong _highest;

    /// <summary>Takes a number; false where it is 0, was taken before, or is too far behind to know.</summary>
    internal bool TryTake(ulong number)
    {
        if (number > _highest)
        {
            Forget(number);
            _highest = number;
        }
        else if (number == 0 || _highest - number >= Size || _taken[number % Size])
        {
            return false;
        }

        _taken[number % Size] = true;
        return true;
    }

    private void Forget(ulong next)
    {
        if (next - _highest >= Size)
        {
            Array.Clear(_taken);
            return;
        }

        for (ulong number = _highest + 1; number <= next; number++)
        {
            _taken[number % Size] = false;
            if (number == ulong.MaxValue)
            {
                return;
            }
        }
    }
}
