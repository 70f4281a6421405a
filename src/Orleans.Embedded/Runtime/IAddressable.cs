namespace Orleans.Runtime;

/// <summary>Anything that can be called by reference: grains and references to them.</summary>
public interface IAddressable
{
}
