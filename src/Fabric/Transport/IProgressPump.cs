namespace Halo.Fabric.Transport;

/// <summary>Makes progress on the waiting thread itself, where no other thread would make it. Only the step thread moves and waits.</summary>
internal interface IProgressPump
{
    /// <summary>Moves what can be moved now; whether anything was.</summary>
    bool Move();

    /// <summary>Waits until something can be moved, or <see cref="Wake"/> is called, before or during the wait.</summary>
    void Wait();

    /// <summary>Ends a wait; from any thread.</summary>
    void Wake();
}
