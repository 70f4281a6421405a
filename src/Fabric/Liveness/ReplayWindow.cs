namespace Halo.Fabric.Liveness;

/// <summary>Takes each packet number once: datagrams may overtake each other by up to 64 numbers, anything older is refused.</summary>
internal struct ReplayWindow
{
    private const int Width = 64;

    private ulong _highest;
    private ulong _seen; // bit i: number _highest - i was taken

    /// <summary>False where the number was taken before, or is too old to tell.</summary>
    internal bool TryTake(ulong number)
    {
        if (_seen == 0 || number > _highest)
        {
            ulong step = number - _highest;
            _seen = (_seen == 0 || step >= Width ? 0 : _seen << (int)step) | 1;
            _highest = number;
            return true;
        }

        ulong age = _highest - number;
        ulong bit = age < Width ? 1ul << (int)age : 0;
        if (bit == 0 || (_seen & bit) != 0)
        {
            return false;
        }

        _seen |= bit;
        return true;
    }
}
